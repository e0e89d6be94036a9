"""Where viewers are: countries, some of their cities, and networks."""

from __future__ import annotations

from typing import NamedTuple


class Country(NamedTuple):
    """A country with two of its places."""

    name: str
    continent: str
    places: tuple[tuple[str | None, str, str, str], ...]
    """Region, city, latitude and longitude."""
    network: tuple[int, str]


COUNTRIES = {
    "US": Country(
        "United States",
        "NA",
        (("Texas", "Austin", "30.3", "-97.7"), ("Oregon", "Portland", "45.5", "-122.7")),
        (64500, "Example Cable"),
    ),
    "DE": Country(
        "Germany",
        "EU",
        (("Hamburg", "Hamburg", "53.6", "10.0"), ("Bavaria", "Würzburg", "49.8", "9.9")),
        (64501, "Beispielnetz"),
    ),
    "GB": Country(
        "United Kingdom",
        "EU",
        (("England", "Leeds", "53.8", "-1.5"), ("Scotland", "Perth", "56.4", "-3.4")),
        (64502, "Example Telecom"),
    ),
    "BR": Country(
        "Brazil",
        "SA",
        (("São Paulo", "São Paulo", "-23.5", "-46.6"), ("Bahia", "Ilhéus", "-14.8", "-39.0")),
        (64503, "Rede Exemplo"),
    ),
    "IN": Country(
        "India",
        "AS",
        (("Karnataka", "Bengaluru", "13.0", "77.6"), ("Kerala", "Kochi", "9.9", "76.3")),
        (64504, "Example Fibre"),
    ),
    "FR": Country(
        "France",
        "EU",
        (("Brittany", "Rennes", "48.1", "-1.7"), ("Occitanie", "Nîmes", "43.8", "4.4")),
        (64505, "Réseau Exemple"),
    ),
    "JP": Country(
        "Japan",
        "AS",
        (("Tokyo", "Tokyo", "35.7", "139.7"), ("Hokkaido", "Sapporo", "43.1", "141.4")),
        (64506, "例のネット"),
    ),
    "CA": Country(
        "Canada",
        "NA",
        (("Quebec", "Montréal", "45.5", "-73.6"), ("Alberta", "Calgary", "51.0", "-114.1")),
        (64507, "Example Cable North"),
    ),
    "MX": Country(
        "Mexico",
        "NA",
        (("Jalisco", "Zapopan", "20.7", "-103.4"), ("Yucatán", "Mérida", "21.0", "-89.6")),
        (64508, "Red de Ejemplo"),
    ),
    "AU": Country(
        "Australia",
        "OC",
        (("Victoria", "Geelong", "-38.1", "144.4"), ("Tasmania", "Hobart", "-42.9", "147.3")),
        (64509, "Example Broadband"),
    ),
    "NL": Country(
        "Netherlands",
        "EU",
        (("Utrecht", "Utrecht", "52.1", "5.1"), ("Drenthe", "Assen", "53.0", "6.6")),
        (64510, "Voorbeeldnet"),
    ),
    "ES": Country(
        "Spain",
        "EU",
        (("Galicia", "A Coruña", "43.4", "-8.4"), ("Aragon", "Teruel", "40.3", "-1.1")),
        (64511, "Red de Ejemplo"),
    ),
    "PL": Country(
        "Poland",
        "EU",
        (("Łódź Voivodeship", "Łódź", "51.8", "19.5"), ("Pomerania", "Gdynia", "54.5", "18.5")),
        (64512, "Sieć Przykład"),
    ),
    "NG": Country(
        "Nigeria",
        "AF",
        (("Lagos", "Lagos", "6.5", "3.4"), (None, "Ìbàdàn", "7.4", "3.9")),
        (64513, "Example Mobile"),
    ),
    "KR": Country(
        "South Korea",
        "AS",
        (("Busan", "부산", "35.2", "129.1"), ("Seoul", "서울", "37.6", "127.0")),
        (64514, "예시 통신"),
    ),
    "NZ": Country(
        "New Zealand",
        "OC",
        (("Otago", "Dunedin", "-45.9", "170.5"), ("Nelson", "Nelson", "-41.3", "173.3")),
        (64515, "Example Broadband"),
    ),
}
