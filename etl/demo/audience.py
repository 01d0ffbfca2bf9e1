"""Who comes to the invented shop: countries, devices and what runs on them.

Every table is a tuple of rows; the simulation addresses a level by its position. Effects are on the log-odds of the three funnel steps.
"""

from typing import NamedTuple


class Country(NamedTuple):
    name: str
    continent: str
    subcontinent: str
    region: str
    weight: float
    effects: tuple[float, float, float] = (0.0, 0.0, 0.0)


REGIONS = ("north america", "north-west europe", "south-east europe", "asia", "latin america", "elsewhere")
# Hours by which a region's day runs ahead of the property's.
REGION_AHEAD = (-1, 5, 6, 11, 0, 14)

HOME = (0.0, 0.0, 0.0)
NEAR = (-0.05, -0.08, -0.25)
FAR = (-0.15, -0.20, -0.70)
REMOTE = (-0.30, -0.40, -1.50)

COUNTRIES = (
    Country("United States", "Americas", "Northern America", REGIONS[0], 460, HOME),
    Country("Canada", "Americas", "Northern America", REGIONS[0], 74, (0.02, 0.0, -0.05)),
    Country("United Kingdom", "Europe", "Northern Europe", REGIONS[1], 88, (0.03, 0.0, -0.10)),
    Country("Germany", "Europe", "Western Europe", REGIONS[1], 66, (0.05, 0.05, -0.12)),
    Country("France", "Europe", "Western Europe", REGIONS[1], 34, NEAR),
    Country("Netherlands", "Europe", "Western Europe", REGIONS[1], 19, NEAR),
    Country("Ireland", "Europe", "Northern Europe", REGIONS[1], 11, NEAR),
    Country("Belgium", "Europe", "Western Europe", REGIONS[1], 9, NEAR),
    Country("Switzerland", "Europe", "Western Europe", REGIONS[1], 11, (0.05, 0.05, -0.05)),
    Country("Austria", "Europe", "Western Europe", REGIONS[1], 9, NEAR),
    Country("Sweden", "Europe", "Northern Europe", REGIONS[1], 12, NEAR),
    Country("Norway", "Europe", "Northern Europe", REGIONS[1], 9, NEAR),
    Country("Denmark", "Europe", "Northern Europe", REGIONS[1], 8, NEAR),
    Country("Finland", "Europe", "Northern Europe", REGIONS[1], 6, NEAR),
    Country("Iceland", "Europe", "Northern Europe", REGIONS[1], 1, NEAR),
    Country("Spain", "Europe", "Southern Europe", REGIONS[2], 16, FAR),
    Country("Italy", "Europe", "Southern Europe", REGIONS[2], 16, FAR),
    Country("Portugal", "Europe", "Southern Europe", REGIONS[2], 5, FAR),
    Country("Poland", "Europe", "Eastern Europe", REGIONS[2], 12, FAR),
    Country("Czechia", "Europe", "Eastern Europe", REGIONS[2], 6, FAR),
    Country("Slovakia", "Europe", "Eastern Europe", REGIONS[2], 2.5, FAR),
    Country("Hungary", "Europe", "Eastern Europe", REGIONS[2], 3, FAR),
    Country("Romania", "Europe", "Eastern Europe", REGIONS[2], 4, FAR),
    Country("Bulgaria", "Europe", "Eastern Europe", REGIONS[2], 2, FAR),
    Country("Greece", "Europe", "Southern Europe", REGIONS[2], 3, FAR),
    Country("Croatia", "Europe", "Southern Europe", REGIONS[2], 1.5, FAR),
    Country("Slovenia", "Europe", "Southern Europe", REGIONS[2], 1.5, FAR),
    Country("Serbia", "Europe", "Southern Europe", REGIONS[2], 1.2, FAR),
    Country("Ukraine", "Europe", "Eastern Europe", REGIONS[2], 3, REMOTE),
    Country("Türkiye", "Asia", "Western Asia", REGIONS[2], 5, REMOTE),
    Country("Israel", "Asia", "Western Asia", REGIONS[2], 4, FAR),
    Country("India", "Asia", "Southern Asia", REGIONS[3], 34, REMOTE),
    Country("Japan", "Asia", "Eastern Asia", REGIONS[3], 15, FAR),
    Country("South Korea", "Asia", "Eastern Asia", REGIONS[3], 8, FAR),
    Country("Taiwan", "Asia", "Eastern Asia", REGIONS[3], 5, FAR),
    Country("Hong Kong", "Asia", "Eastern Asia", REGIONS[3], 4, FAR),
    Country("China", "Asia", "Eastern Asia", REGIONS[3], 5, REMOTE),
    Country("Singapore", "Asia", "Southeast Asia", REGIONS[3], 6, FAR),
    Country("Malaysia", "Asia", "Southeast Asia", REGIONS[3], 4, REMOTE),
    Country("Indonesia", "Asia", "Southeast Asia", REGIONS[3], 6, REMOTE),
    Country("Philippines", "Asia", "Southeast Asia", REGIONS[3], 6, REMOTE),
    Country("Thailand", "Asia", "Southeast Asia", REGIONS[3], 4, REMOTE),
    Country("Vietnam", "Asia", "Southeast Asia", REGIONS[3], 4, REMOTE),
    Country("Pakistan", "Asia", "Southern Asia", REGIONS[3], 3, REMOTE),
    Country("Nepal", "Asia", "Southern Asia", REGIONS[3], 1.2, REMOTE),
    Country("Mexico", "Americas", "Central America", REGIONS[4], 13, FAR),
    Country("Brazil", "Americas", "South America", REGIONS[4], 14, REMOTE),
    Country("Argentina", "Americas", "South America", REGIONS[4], 5, REMOTE),
    Country("Chile", "Americas", "South America", REGIONS[4], 5, FAR),
    Country("Colombia", "Americas", "South America", REGIONS[4], 4, REMOTE),
    Country("Peru", "Americas", "South America", REGIONS[4], 3, REMOTE),
    Country("Costa Rica", "Americas", "Central America", REGIONS[4], 1.2, FAR),
    Country("Australia", "Oceania", "Australasia", REGIONS[5], 31, (0.0, 0.0, -0.20)),
    Country("New Zealand", "Oceania", "Australasia", REGIONS[5], 9, (0.0, 0.0, -0.20)),
    Country("South Africa", "Africa", "Southern Africa", REGIONS[5], 5, FAR),
    Country("United Arab Emirates", "Asia", "Western Asia", REGIONS[5], 3.5, FAR),
    Country("Saudi Arabia", "Asia", "Western Asia", REGIONS[5], 2, REMOTE),
    Country("Egypt", "Africa", "Northern Africa", REGIONS[5], 2, REMOTE),
    Country("Morocco", "Africa", "Northern Africa", REGIONS[5], 1.5, REMOTE),
    Country("Kenya", "Africa", "Eastern Africa", REGIONS[5], 1.5, REMOTE),
    Country("Nigeria", "Africa", "Western Africa", REGIONS[5], 2, REMOTE),
    Country("(not set)", "(not set)", "(not set)", REGIONS[5], 3, FAR),
)

NOWHERE = (("(not set)", "(not set)"),)
# Region and city of a visitor; countries not named here have none.
PLACES = {
    "United States": (
        ("Colorado", "Denver"),
        ("Washington", "Seattle"),
        ("California", "San Francisco"),
        ("California", "Los Angeles"),
        ("New York", "New York"),
        ("Oregon", "Portland"),
        ("Texas", "Austin"),
        ("Illinois", "Chicago"),
        ("Utah", "(not set)"),
        ("North Carolina", "Asheville"),
        ("(not set)", "(not set)"),
    ),
    "Canada": (("British Columbia", "Vancouver"), ("Ontario", "Toronto"), ("Alberta", "Calgary"), ("Quebec", "Montreal")),
    "United Kingdom": (("England", "London"), ("England", "Manchester"), ("Scotland", "Edinburgh"), ("Wales", "(not set)")),
    "Germany": (("Bavaria", "Munich"), ("Berlin", "Berlin"), ("Hamburg", "Hamburg"), ("North Rhine-Westphalia", "Cologne")),
    "Australia": (("New South Wales", "Sydney"), ("Victoria", "Melbourne"), ("Tasmania", "Hobart")),
    "France": (("Ile-de-France", "Paris"), ("Auvergne-Rhone-Alpes", "Lyon"), ("(not set)", "(not set)")),
}

DEVICES = ("desktop", "mobile", "tablet")
DEVICE_EFFECTS = ((0.16, 0.12, 0.42), (-0.10, -0.07, -0.30), (0.02, 0.04, -0.08))
# Share of each device in each region.
DEVICE_MIX = (
    (0.41, 0.545, 0.045),
    (0.42, 0.530, 0.050),
    (0.39, 0.575, 0.035),
    (0.28, 0.700, 0.020),
    (0.30, 0.675, 0.025),
    (0.35, 0.610, 0.040),
)


class Platform(NamedTuple):
    device: str
    operating_system: str
    browser: str
    weight: float
    tilt: tuple[float, ...] = (1, 1, 1, 1, 1, 1)
    in_app: bool = False


APPLE = (1.4, 1.0, 0.7, 0.5, 0.45, 0.9)
OPEN = (0.6, 0.9, 1.3, 1.5, 1.5, 1.1)
PLATFORMS = (
    Platform("desktop", "Windows", "Chrome", 44, OPEN),
    Platform("desktop", "Windows", "Edge", 15),
    Platform("desktop", "Windows", "Firefox", 4.5, (1, 1.6, 1.4, 0.8, 1, 1)),
    Platform("desktop", "Windows", "Opera", 1.2, OPEN),
    Platform("desktop", "Macintosh", "Safari", 14, APPLE),
    Platform("desktop", "Macintosh", "Chrome", 13, APPLE),
    Platform("desktop", "Macintosh", "Firefox", 1.5, APPLE),
    Platform("desktop", "Linux", "Chrome", 2.2),
    Platform("desktop", "Linux", "Firefox", 1.5, (1, 1.5, 1.3, 0.8, 1, 1)),
    Platform("desktop", "Chrome OS", "Chrome", 3, (1.4, 0.6, 0.3, 0.3, 0.4, 0.8)),
    Platform("desktop", "(not set)", "(not set)", 0.15),
    Platform("mobile", "iOS", "Safari", 43, APPLE),
    Platform("mobile", "iOS", "Chrome", 5, APPLE),
    Platform("mobile", "iOS", "Safari (in-app)", 7, APPLE, True),
    Platform("mobile", "Android", "Chrome", 33, OPEN),
    Platform("mobile", "Android", "Samsung Internet", 9, (0.9, 1.1, 1.1, 1.2, 1, 1)),
    Platform("mobile", "Android", "Android Webview", 5, OPEN, True),
    Platform("mobile", "Android", "Firefox", 1),
    Platform("mobile", "Android", "Opera", 0.8, OPEN),
    Platform("tablet", "iOS", "Safari", 68, APPLE),
    Platform("tablet", "iOS", "Chrome", 4, APPLE),
    Platform("tablet", "Android", "Chrome", 20, OPEN),
    Platform("tablet", "Android", "Samsung Internet", 6, OPEN),
    Platform("tablet", "Windows", "Edge", 2),
)
