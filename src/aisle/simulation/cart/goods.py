"""What the simulated grocery store sells, as tables: families of look-alikes, loose produce, goods packed in the shop.

Brands are invented; the look-up codes are the IFPS's own.  Weights are net grams as a shop's files have them, prices
minor units.
"""

from __future__ import annotations

from typing import NamedTuple


class Family(NamedTuple):
    """One brand's packages of one kind: every size in every variant.  `sizes` are (label, net grams, price)."""

    category: str
    brand: str
    title: str
    packaging: str
    sizes: tuple[tuple[str, float, int], ...]
    variants: tuple[str, ...]
    demand: float
    flags: frozenset[str] = frozenset()


class Loose(NamedTuple):
    """One kind of loose produce: `piece_g` is what one weighs, `spread` how much (share), price per kg or piece."""

    plu: str
    name: str
    by_piece: bool
    piece_g: float
    spread: float
    price: int
    demand: float
    alike: str
    photograph: str = ""
    """The name of its class among photographs of groceries."""


class Counter(NamedTuple):
    """Goods packed and labelled in the shop: weight or price stands in the code.  Price per kg."""

    number: int
    name: str
    category: str
    label: str
    low_g: float
    high_g: float
    price: int
    demand: float


# packaging: lowest and highest share of the net weight it really has, and the tolerance shops write for it
PACKAGING: dict[str, tuple[float, float, float]] = {
    "pouch": (0.02, 0.04, 0.05),
    "bag": (0.008, 0.02, 0.04),
    "carton": (0.03, 0.06, 0.08),
    "box": (0.05, 0.10, 0.12),
    "can": (0.12, 0.18, 0.20),
    "jar": (0.40, 0.80, 0.70),
    "glass": (0.45, 0.70, 0.65),
    "pet": (0.03, 0.06, 0.08),
    "tub": (0.04, 0.08, 0.10),
    "tube": (0.10, 0.15, 0.20),
    "tray": (0.03, 0.06, 0.08),
    "shrink": (0.03, 0.06, 0.08),
    "crate": (0.50, 0.65, 0.70),
    "none": (0.0, 0.0, 0.03),
}


def _f(
    category: str, brand: str, title: str, packaging: str, sizes: tuple[tuple[str, float, int], ...], variants: str,
    demand: float, *flags: str,
) -> Family:  # fmt: skip
    return Family(category, brand, title, packaging, sizes, tuple(variants.split("|")), demand, frozenset(flags))


FAMILIES: tuple[Family, ...] = (
    # chilled
    _f("dairy", "Dairy Row", "milk", "carton", (("1 l", 1030, 129), ("0.5 l", 515, 79)), "Whole|Low-fat|Skimmed", 8.0),
    _f("dairy", "Hilltop", "milk", "glass", (("1 l", 1030, 169),), "Fresh whole|Fresh low-fat", 2.0, "deposit15"),
    _f("dairy", "Leaf & Lake", "drink", "carton", (("1 l", 1030, 199),), "Oat|Almond|Soy|Barista oat", 3.0),
    _f("dairy", "Dairy Row", "yoghurt", "tub", (("150 g", 150, 59), ("500 g", 500, 149)),
       "Plain|Cherry|Strawberry|Vanilla", 6.0),
    _f("dairy", "Skyr & Co", "skyr", "tub", (("450 g", 450, 229),), "Plain|Blueberry|Vanilla", 2.0),
    _f("dairy", "Dairy Row", "yoghurt 4-pack", "tub", (("4 x 125 g", 500, 199),), "Strawberry|Vanilla", 1.5),
    _f("dairy", "Dairy Row", "cream", "tub", (("200 g", 200, 89),), "Whipping|Sour|Cooking", 3.0),
    _f("dairy", "Dairy Row", "butter", "none", (("250 g", 250, 259),), "Salted|Mild", 3.0),
    _f("dairy", "Alpkogel", "sliced cheese", "pouch", (("150 g", 150, 229),), "Gouda|Emmental|Edam", 2.5),
    _f("dairy", "Alpkogel", "cream cheese", "tub", (("200 g", 200, 149),), "Natural|Herbs|Chives", 2.0),
    _f("dairy", "Hilltop", "mozzarella", "pouch", (("125 g", 125, 99),), "Classic|Light", 2.0),
    _f("chilled", "Far Terrace", "hummus", "tub", (("200 g", 200, 249),), "Classic|Pepper", 1.2),
    _f("chilled", "Nine Mills", "sandwich", "box", (("170 g", 170, 329),), "Ham|Cheese|Egg", 1.2),
    _f("chilled", "Butcher's Yard", "sliced ham", "tray", (("100 g", 100, 199),), "Cooked|Smoked|Turkey", 2.2),
    _f("chilled", "Butcher's Yard", "frankfurters", "pouch", (("200 g", 200, 249),), "Pork|Poultry", 2.5),
    _f("chilled", "Nordbay", "smoked salmon", "tray", (("100 g", 100, 399),), "Atlantic|Organic", 0.8, "verify"),
    _f("eggs", "Hilltop", "eggs", "box", (("10 pieces", 580, 329), ("6 pieces", 348, 219)), "Free-range|Barn", 3.5),
    # pantry
    _f("pantry", "Casa Vereda", "500 g", "pouch", (("500 g", 500, 139),), "Spaghetti|Penne|Fusilli|Linguine", 3.0),
    _f("pantry", "Casa Vereda", "passata", "jar", (("690 g", 690, 189), ("400 g", 400, 139)), "Tomato|Basil", 1.6),
    _f("pantry", "Casa Vereda", "pesto", "jar", (("190 g", 190, 279),), "Basil|Red pepper|Tomato", 1.3),
    _f("pantry", "Casa Vereda", "olive oil", "glass", (("0.5 l", 458, 799), ("0.75 l", 687, 1049)), "Extra|Mild", 1.0),
    _f("pantry", "Far Terrace", "rice", "bag", (("1 kg", 1000, 329), ("500 g", 500, 189)), "Basmati|Jasmine|Long", 1.5),
    _f("pantry", "Far Terrace", "tin", "can", (("400 g", 400, 109),), "Chickpeas|Beans|Lentils|White beans", 2.2),
    _f("pantry", "Far Terrace", "tomatoes tin", "can", (("400 g", 400, 89),), "Chopped|Whole|Cherry", 2.4),
    _f("pantry", "Far Terrace", "coconut milk", "can", (("400 ml", 390, 179),), "Classic|Light", 0.8),
    _f("pantry", "Nordbay", "tuna", "can", (("140 g", 140, 169),), "In brine|In oil", 1.4),
    _f("pantry", "Nine Mills", "flour", "bag", (("1 kg", 1000, 89), ("2.5 kg", 2500, 199)), "Wheat|Spelt|Rye", 1.5),
    _f("pantry", "Nine Mills", "sugar", "bag", (("1 kg", 1000, 119),), "White|Cane", 1.7),
    _f("pantry", "Millwright", "oats", "bag", (("500 g", 500, 119),), "Fine|Coarse", 1.0),
    _f("pantry", "Millwright", "muesli", "box", (("500 g", 500, 349),), "Fruit|Nut|Chocolate", 1.1),
    _f("pantry", "Old Orchard", "jam", "jar", (("340 g", 340, 299),), "Strawberry|Apricot|Cherry|Raspberry", 1.4),
    _f("pantry", "Old Orchard", "honey", "jar", (("500 g", 500, 549), ("250 g", 250, 329)), "Blossom|Forest", 0.7),
    _f("pantry", "Nine Mills", "ground coffee", "pouch", (("500 g", 500, 649), ("250 g", 250, 379)),
       "Mild|Strong|Decaf", 1.8, "tag"),
    _f("pantry", "Leaf & Lake", "tea 20 bags", "box", (("35 g", 35, 229),), "Green|Black|Mint|Camomile", 1.2),
    _f("pantry", "Spice Quay", "spice", "pouch", (("40 g", 40, 149), ("15 g", 15, 119)), "Paprika|Oregano|Thyme|Curry",
       1.2),
    _f("pantry", "Spice Quay", "yeast", "pouch", (("21 g", 21, 79),), "Dry", 0.7),
    _f("pantry", "Spice Quay", "stock cubes", "box", (("66 g", 66, 129),), "Vegetable|Beef|Chicken", 0.9),
    _f("pantry", "Spice Quay", "mustard", "tube", (("100 g", 100, 99),), "Medium|Hot", 0.8),
    _f("pantry", "Spice Quay", "ketchup", "pet", (("500 ml", 560, 249),), "Classic|Curry", 1.0),
    _f("pantry", "Old Orchard", "gherkins", "jar", (("370 g", 370, 199),), "Dill|Sweet", 0.9),
    _f("pantry", "Little Fern", "baby food", "jar", (("190 g", 190, 119),), "Carrot|Apple|Pasta|Banana", 1.0),
    # snacks and sweets
    _f("snacks", "Harbour Lane", "crisps", "bag", (("150 g", 150, 189),), "Salted|Paprika|Vinegar|Sour cream", 2.2),
    _f("snacks", "Harbour Lane", "nuts", "pouch", (("200 g", 200, 279), ("150 g", 150, 229)), "Peanuts|Cashews|Mix", 1),
    _f("snacks", "Millwright", "rice cakes", "pouch", (("100 g", 100, 139),), "Salted|Chocolate", 0.9),
    _f("sweets", "Marlow", "chocolate", "none", (("100 g", 100, 149),), "Milk|Dark|Hazelnut|White|Almond", 2.8),
    _f("sweets", "Marlow", "bar", "none", (("45 g", 45, 99),), "Hazelnut|Caramel|Coconut", 2.0),
    _f("sweets", "Millwright", "muesli bar", "none", (("25 g", 25, 79),), "Apple|Nut|Berry", 1.2),
    _f("sweets", "Frost & Son", "mints", "box", (("18 g", 18, 89), ("50 g", 50, 149)), "Peppermint|Eucalyptus", 0.9),
    _f("sweets", "Frost & Son", "chewing gum", "none", (("14 g", 14, 99),), "Mint|Fruit", 1.2),
    _f("sweets", "Frost & Son", "fruit gums", "pouch", (("200 g", 200, 129),), "Bears|Cola|Sour", 1.5),
    _f("sweets", "Millwright", "biscuits", "box", (("200 g", 200, 199),), "Butter|Oat|Chocolate", 1.6),
    # drinks
    _f("drinks", "Brook & Fell", "water", "pet", (("0.5 l", 500, 79), ("1.5 l", 1500, 119)), "Still|Sparkling|Medium",
       3.0, "deposit25"),
    _f("drinks", "Brook & Fell", "water 6-pack", "shrink", (("6 x 1.5 l", 9000, 699),), "Still|Sparkling", 1.2,
       "deposit150"),
    _f("drinks", "Kestrel", "can", "can", (("330 ml", 340, 99),), "Cola|Cola zero|Orange|Lemon", 3.0, "deposit25"),
    _f("drinks", "Kestrel", "6-pack", "shrink", (("6 x 330 ml", 2400, 549),), "Cola|Cola zero", 0.8, "deposit150"),
    _f("drinks", "Old Orchard", "juice", "carton", (("1 l", 1045, 249),), "Orange|Apple|Multivitamin|Grape", 2.6),
    _f("drinks", "Leaf & Lake", "iced tea", "pet", (("0.5 l", 520, 149),), "Peach|Lemon", 1.2, "deposit25"),
    _f("drinks", "Nine Mills", "cold coffee", "tub", (("250 ml", 255, 229),), "Latte|Espresso", 1.0),
    _f("beer and wine", "Tin Lantern", "beer", "glass", (("0.33 l", 335, 109), ("0.5 l", 508, 119)), "Pale|Lager|Dark",
       2.4, "age16", "deposit8"),
    _f("beer and wine", "Tin Lantern", "beer 6-pack", "crate", (("6 x 0.33 l", 2010, 599),), "Pale|Lager", 0.9,
       "age16", "deposit48"),
    _f("beer and wine", "Casa Vereda", "wine", "glass", (("0.75 l", 745, 699),), "Red|White|Rosé", 1.3, "age16"),
    _f("beer and wine", "North Cask", "spirit", "glass", (("0.7 l", 665, 1799),), "Gin|Vodka|Whisky", 0.3, "age18",
       "tag"),
    # bakery, frozen
    _f("bakery", "Nine Mills", "bread", "bag", (("500 g", 500, 219), ("750 g", 750, 279)), "Rye|Wheat|Wholegrain", 3.0),
    _f("bakery", "Nine Mills", "toast", "bag", (("500 g", 500, 149),), "Butter|Wholegrain", 2.0),
    _f("bakery", "Nine Mills", "wraps", "pouch", (("370 g", 370, 199),), "Wheat|Corn", 0.8),
    _f("frozen", "Winterfield", "vegetables", "bag", (("750 g", 750, 249),), "Peas|Spinach|Broccoli|Mix", 2.0),
    _f("frozen", "Winterfield", "pizza", "box", (("350 g", 350, 299),), "Margherita|Salami|Spinach|Tuna", 1.8),
    _f("frozen", "Winterfield", "ice cream", "tub", (("900 ml", 480, 349),), "Vanilla|Chocolate|Berry", 1.0),
    _f("frozen", "Nordbay", "fish fingers", "box", (("450 g", 450, 349),), "Classic", 1.0),
    # household; some of it nobody ever weighed
    _f("household", "Clearwell", "toothpaste", "tube", (("75 ml", 100, 189),), "Mint|Sensitive|Kids", 1.0),
    _f("household", "Clearwell", "washing powder", "box", (("1.3 kg", 1300, 699), ("4.9 kg", 4900, 1899)),
       "Colour|White", 0.6),
    _f("household", "Clearwell", "washing-up liquid", "pet", (("0.5 l", 515, 199),), "Lemon|Aloe", 0.8),
    _f("household", "Clearwell", "kitchen paper", "pouch", (("4 rolls", 640, 299),), "White", 1.0, "unweighed"),
    _f("household", "Clearwell", "toothbrush", "box", (("1 piece", 22, 249),), "Soft|Medium", 0.5, "unweighed"),
    _f("household", "Clearwell", "razor blades", "box", (("4 pieces", 42, 1299),), "Close", 0.3, "tag"),
    _f("household", "Kestrel", "batteries", "box", (("AA 4 pieces", 96, 499), ("AAA 4 pieces", 48, 499)), "Alkaline",
       0.4),
    _f("pets", "Whisker", "cat food", "pouch", (("85 g", 85, 59), ("100 g", 100, 65)), "Beef|Chicken|Fish|Duck", 2.0),
    _f("pets", "Whisker", "cat litter", "bag", (("5 kg", 5000, 499),), "Clay", 0.4),
    _f("counter", "North Cask", "tobacco", "box", (("20 pieces", 22, 820),), "Blue|Red", 0.0, "age18", "counter"),
)  # fmt: skip

LOOSE: tuple[Loose, ...] = (
    Loose("4011", "Bananas", False, 180, 0.14, 179, 5.0, "banana", "Banana"),
    Loose("4017", "Apples Granny Smith", False, 190, 0.14, 279, 2.0, "apple", "Granny-Smith"),
    Loose("4020", "Apples Golden Delicious", False, 185, 0.15, 249, 1.6, "apple", "Golden-Delicious"),
    Loose("4128", "Apples Pink Lady", False, 180, 0.13, 349, 2.0, "apple", "Pink-Lady"),
    Loose("4016", "Apples Red Delicious", False, 195, 0.14, 269, 1.0, "apple", "Red-Delicious"),
    Loose("4174", "Apples Royal Gala", False, 170, 0.14, 259, 2.4, "apple", "Royal-Gala"),
    Loose("4046", "Avocado", True, 170, 0.18, 129, 3.0, "avocado", "Avocado"),
    Loose("4030", "Kiwi", True, 92, 0.15, 35, 2.0, "kiwi", "Kiwi"),
    Loose("4053", "Lemons", True, 125, 0.16, 49, 2.5, "citrus", "Lemon"),
    Loose("4048", "Limes", True, 75, 0.16, 39, 1.4, "lime", "Lime"),
    Loose("4959", "Mango", True, 420, 0.20, 199, 1.4, "mango", "Mango"),
    Loose("4378", "Nectarines", False, 130, 0.16, 349, 1.2, "peach", "Nectarine"),
    Loose("4012", "Oranges", False, 220, 0.15, 229, 2.6, "orange", "Orange"),
    Loose("4394", "Papaya", True, 480, 0.22, 299, 0.4, "mango", "Papaya"),
    Loose("4397", "Passion fruit", True, 45, 0.20, 59, 0.5, "passion", "Passion-Fruit"),
    Loose("4038", "Peaches", False, 150, 0.16, 329, 1.2, "peach", "Peach"),
    Loose("4416", "Pears Anjou", False, 190, 0.16, 279, 0.9, "pear", "Anjou"),
    Loose("4409", "Pears Conference", False, 185, 0.16, 269, 1.3, "pear", "Conference"),
    Loose("4430", "Pineapple", True, 1450, 0.20, 249, 0.7, "pineapple", "Pineapple"),
    Loose("4042", "Plums", False, 60, 0.18, 299, 1.2, "plum", "Plum"),
    Loose("4445", "Pomegranate", True, 330, 0.20, 179, 0.6, "pomegranate", "Pomegranate"),
    Loose("4281", "Red grapefruit", True, 380, 0.16, 99, 0.7, "orange", "Red-Grapefruit"),
    Loose("4055", "Satsumas", False, 85, 0.18, 249, 2.0, "orange", "Satsumas"),
    Loose("4317", "Galia melon", True, 1150, 0.18, 279, 0.5, "melon", "Galia-Melon"),
    Loose("4329", "Honeydew melon", True, 1500, 0.20, 299, 0.5, "melon", "Honeydew-Melon"),
    Loose("4031", "Watermelon", False, 4200, 0.20, 129, 0.6, "watermelon", "Watermelon"),
    Loose("4521", "Asparagus", False, 25, 0.25, 899, 0.6, "asparagus", "Asparagus"),
    Loose("4081", "Aubergine", True, 320, 0.20, 129, 0.9, "aubergine", "Aubergine"),
    Loose("4069", "Cabbage", False, 1300, 0.22, 149, 0.7, "cabbage", "Cabbage"),
    Loose("4562", "Carrots", False, 95, 0.22, 139, 2.6, "carrot", "Carrots"),
    Loose("4062", "Cucumber", True, 380, 0.13, 89, 2.8, "cucumber", "Cucumber"),
    Loose("4608", "Garlic", True, 55, 0.20, 59, 1.4, "garlic", "Garlic"),
    Loose("4612", "Ginger", False, 120, 0.25, 699, 1.0, "ginger", "Ginger"),
    Loose("4629", "Leek", True, 240, 0.22, 99, 1.1, "leek", "Leek"),
    Loose("4650", "Brown mushrooms", False, 18, 0.25, 799, 1.5, "mushroom", "Brown-Cap-Mushroom"),
    Loose("4093", "Yellow onions", False, 130, 0.20, 129, 2.6, "onion", "Yellow-Onion"),
    Loose("4065", "Green peppers", True, 190, 0.18, 99, 1.0, "pepper", "Green-Bell-Pepper"),
    Loose("4688", "Red peppers", True, 195, 0.18, 119, 2.0, "pepper", "Red-Bell-Pepper"),
    Loose("4689", "Yellow peppers", True, 195, 0.18, 119, 1.4, "pepper", "Yellow-Bell-Pepper"),
    Loose("4072", "Floury potatoes", False, 160, 0.25, 119, 1.6, "potato", "Floury-Potato"),
    Loose("4083", "Firm potatoes", False, 140, 0.25, 129, 2.0, "potato", "Solid-Potato"),
    Loose("4074", "Sweet potatoes", False, 300, 0.25, 249, 1.2, "potato", "Sweet-Potato"),
    Loose("4539", "Beetroot", False, 170, 0.25, 179, 0.6, "beetroot", "Red-Beet"),
    Loose("4799", "Beef tomatoes", False, 210, 0.18, 329, 1.0, "tomato", "Beef-Tomato"),
    Loose("4064", "Tomatoes", False, 110, 0.16, 259, 1.6, "tomato", "Regular-Tomato"),
    Loose("4664", "Vine tomatoes", False, 115, 0.16, 299, 2.6, "tomato", "Vine-Tomato"),
    Loose("4067", "Courgettes", True, 260, 0.20, 89, 1.6, "cucumber", "Zucchini"),
    Loose("4061", "Iceberg lettuce", True, 480, 0.18, 129, 1.6, "cabbage"),
    Loose("4889", "Coriander, bunch", True, 35, 0.20, 99, 0.7, "herbs"),
    Loose("4899", "Parsley, bunch", True, 38, 0.20, 99, 0.9, "herbs"),
)

BAKERY: tuple[Loose, ...] = (
    Loose("8401", "Wheat roll", True, 62, 0.06, 29, 3.0, "roll"),
    Loose("8402", "Poppy-seed roll", True, 66, 0.06, 39, 1.4, "roll"),
    Loose("8403", "Pretzel", True, 92, 0.07, 69, 1.6, "roll"),
    Loose("8404", "Croissant", True, 58, 0.08, 99, 1.6, "roll"),
)

COUNTER: tuple[Counter, ...] = (
    Counter(1101, "Minced beef", "meat", "weight", 350, 900, 1199, 2.0),
    Counter(1102, "Chicken breast", "meat", "weight", 300, 800, 1399, 2.0),
    Counter(1103, "Pork chops", "meat", "weight", 300, 900, 999, 1.2),
    Counter(1104, "Bratwurst", "meat", "weight", 300, 600, 1099, 1.0),
    Counter(1201, "Gouda, piece", "cheese", "price", 180, 450, 1299, 1.2),
    Counter(1202, "Mountain cheese, piece", "cheese", "price", 150, 400, 1999, 0.8),
    Counter(1203, "Brie, piece", "cheese", "price", 150, 350, 1599, 0.7),
    Counter(1301, "Olives", "deli", "price", 120, 350, 1799, 0.5),
    Counter(1401, "Salmon fillet", "fish", "databar", 200, 500, 2999, 0.8),
    Counter(1402, "Grapes, punnet", "fruit", "databar", 400, 700, 449, 1.0),
)

SALAD_BAR = ("4930", "Salad bar", 1490, (("small box", 18.0), ("large box", 31.0)))
"""PLU, name, price per kg and its containers: the shopper says which one the salad lies in."""
