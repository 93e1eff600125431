"""The OpenGL programs (GLSL 3.30): one for things, one for people, one for the shadows people cast.

Pictures are drawn upside down, so that the rows that are read back run from top to bottom; the window's corner (0, 0)
is then the outer corner of the upper left pixel, whose centre OpenCV calls (0, 0).  `raster_shading` says the same in
numba: whoever changes light or texture here changes it there.
"""

THING_VERTEX = """#version 330
uniform mat4 eye_of_floor; uniform mat4 window_of_eye;
in vec3 point; in vec3 normal; in vec2 uv;
in vec4 column0, column1, column2, column3; in vec3 tint; in float label; in uint ident; in float gloss;
out vec3 at; out vec3 facing; out vec3 texel; out vec3 colour; out vec4 surface;
flat out uint shown;
void main() {
    mat4 placed = mat4(column0, column1, column2, column3);
    vec4 there = placed * vec4(point, 1.0);
    at = there.xyz;
    vec3 scale = vec3(dot(column0, column0), dot(column1, column1), dot(column2, column2));
    facing = mat3(placed) * (normal / scale);
    texel = vec3(uv, label);
    colour = tint;
    surface = vec4(point.z * sqrt(scale.z), gloss, 0.0, 0.0);
    shown = ident;
    gl_Position = window_of_eye * (eye_of_floor * there);
}"""

FIGURE_VERTEX = """#version 330
uniform mat4 eye_of_floor; uniform mat4 window_of_eye;
in vec3 point; in vec3 normal; in vec3 tint; in vec3 rest; in float cloth; in uint ident;
out vec3 at; out vec3 facing; out vec3 texel; out vec3 colour; out vec4 surface;
flat out uint shown;
void main() {
    at = point; facing = normal; texel = rest; colour = tint; surface = vec4(1.0, 0.15, cloth, 0.0); shown = ident;
    gl_Position = window_of_eye * (eye_of_floor * vec4(point, 1.0));
}"""

_LIGHT = """
uniform sampler3D open_grid; uniform vec3 open_origin; uniform vec3 open_scale;
uniform sampler3D lamp_grid; uniform vec3 lamp_origin; uniform vec3 lamp_scale;
uniform sampler3D noise_grid;
uniform vec3 eye; uniform vec3 ambient; uniform vec3 sun; uniform vec3 sun_colour; uniform vec3 lamp_colour;
vec3 lit(vec3 at, vec3 n, float gloss, float contact, vec3 albedo) {
    vec3 off = at + 0.075 * n;
    float open = texture(open_grid, (off - open_origin) * open_scale).r;
    vec4 lamps = texture(lamp_grid, (at - lamp_origin) * lamp_scale);
    float lamp = max(lamps.w + dot(lamps.xyz, n), 0.0);
    vec3 falls = ambient * (0.75 + 0.25 * n.z) * (0.2 + 0.8 * open)
        + lamp_colour * (lamp * (0.12 + 0.88 * open)) + sun_colour * (max(dot(n, sun), 0.0) * open * open);
    vec3 seen = albedo * falls * contact;
    vec3 half_way = normalize(normalize(eye - at) + vec3(0.0, 0.0, 1.0));
    float shine = max(dot(n, half_way), 0.0);
    shine *= shine; shine *= shine; shine *= shine; shine *= shine; shine *= shine;
    return seen + lamp_colour * (gloss * shine * open);
}
"""

THING_FRAGMENT = (
    """#version 330
uniform sampler2DArray labels;
in vec3 at; in vec3 facing; in vec3 texel; in vec3 colour; in vec4 surface;
flat in uint shown;
layout(location = 0) out vec4 rgb; layout(location = 1) out uint ids;
"""
    + _LIGHT
    + """
void main() {
    vec3 n = normalize(facing);
    vec3 albedo = min(colour, vec3(1.0));
    float contact = 1.0;
    if (texel.z >= 0.0) {
        vec3 print = texture(labels, texel).rgb;
        albedo *= print * print;
        contact = 0.6 + 0.4 * smoothstep(0.0, 0.09, surface.x);
    } else {
        albedo *= 1.0 + 0.05 * texture(noise_grid, at * 1.7).a;
    }
    vec3 seen = lit(at, n, surface.y, contact, albedo) + max(colour - vec3(1.0), vec3(0.0));
    rgb = vec4(sqrt(seen), 1.0);
    ids = shown;
}"""
)

FIGURE_FRAGMENT = (
    """#version 330
in vec3 at; in vec3 facing; in vec3 texel; in vec3 colour; in vec4 surface;
flat in uint shown;
layout(location = 0) out vec4 rgb; layout(location = 1) out uint ids;
"""
    + _LIGHT
    + """
void main() {
    vec3 n = normalize(facing);
    vec3 albedo = colour;
    float cloth = surface.z;
    if (cloth > 0.02) {
        float hair = clamp(cloth - 1.0, 0.0, 1.0);
        vec3 stretch = mix(vec3(0.34, 0.34, 0.16), vec3(2.6, 2.6, 0.35), hair);
        vec4 fold = texture(noise_grid, texel * stretch * 4.0);
        vec3 bend = fold.xyz - n * dot(fold.xyz, n);
        n = normalize(n + mix(0.55, 0.8, hair) * min(cloth, 1.0) * bend);
        albedo *= 1.0 + min(cloth, 1.0) * mix(0.08, 0.35, hair) * fold.a;
    }
    rgb = vec4(sqrt(lit(at, n, surface.y * (1.0 - 0.8 * min(cloth, 1.0)), 1.0, albedo)), 1.0);
    ids = shown;
}"""
)

SHADOW_VERTEX = """#version 330
uniform mat4 eye_of_floor; uniform mat4 window_of_eye;
in vec3 point; in vec2 across; in float depth;
out vec2 place; flat out float strength;
void main() {
    place = across; strength = depth;
    gl_Position = window_of_eye * (eye_of_floor * vec4(point, 1.0));
}"""

SHADOW_FRAGMENT = """#version 330
in vec2 place; flat in float strength;
layout(location = 0) out vec4 rgb;
void main() {
    float r2 = dot(place, place);
    float fall = max(1.0 - r2, 0.0);
    rgb = vec4(vec3(1.0 - strength * fall * fall), 1.0);
}"""
