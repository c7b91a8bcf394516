"""The people of the demo company: its agents and teams, its customers and their organisations.

First part of the demo data (``simulator/demo.py``). Everything is drawn from seeded generators, so the same people are
there every time. All addresses are in domains reserved for examples (RFC 2606), all numbers in
ranges that are not given out (for those abroad the one that Ofcom keeps for drama).
"""

import random
from dataclasses import dataclass, field
from typing import Final

from simulator.demo_draws import draws

COMPANY: Final = "Tuhinara Appliances"
STAFF_DOMAIN: Final = "tuhinara.example"
TEAMS: Final = {"field": "Field service", "warranty": "Warranty", "billing": "Billing", "orders": "Orders"}


@dataclass(frozen=True)
class DemoAgent:
    """Somebody who works at the demo desk; ``teams`` are keys of :data:`TEAMS`."""

    name: str
    email: str
    role: str
    teams: tuple[str, ...]
    locale: str = "en"


def _agent(name: str, role: str, teams: str, locale: str = "en") -> DemoAgent:
    local = ".".join(name.lower().split()[:: len(name.split()) - 1])
    return DemoAgent(name, f"{local}@{STAFF_DOMAIN}", role, tuple(teams.split()), locale)


AGENTS: Final = (
    _agent("Arjun Nair", "admin", "field warranty billing orders"),
    _agent("Neha Kulkarni", "agent", "field warranty"),
    _agent("Farah Sheikh", "lead", "field orders"),
    _agent("Vikram Rathore", "lead", "warranty billing"),
    _agent("Ananya Ghosh", "agent", "field orders", "bn"),
    _agent("Manjunath Gowda", "agent", "field warranty", "kn"),
    _agent("Pooja Yadav", "agent", "field billing", "hi"),
    _agent("Imran Qureshi", "agent", "billing orders"),
    _agent("Lakshmi Iyer", "agent", "billing warranty"),
    _agent("Rohan Patil", "agent", "field orders", "mr"),
    _agent("Tenzin Dorje", "agent", "orders"),
    _agent("Gurpreet Kaur", "agent", "field warranty billing"),
)
ADMIN: Final = AGENTS[0]
AGENT: Final = AGENTS[1]


@dataclass
class DemoCustomer:
    """A customer. ``weight`` says how often she writes, ``first`` is how agents address her."""

    name: str
    first: str
    email: str
    phone: str
    language: str
    time_zone: str
    city: str
    organisation: str | None = None
    vip: bool = False
    weight: float = 1.0
    also: tuple[str, ...] = ()
    id: int = field(default=0, compare=False)


# Latin spelling / own script, so that the address can be written and the name be shown either way.
_NAMES: Final[dict[str, tuple[str, str]]] = {
    "hi": (
        (
            "Amit/अमित Sunita/सुनीता Rakesh/राकेश Priya/प्रिया Deepak/दीपक Kavita/कविता Manoj/मनोज Rekha/रेखा "
            "Sanjay/संजय Anjali/अंजलि Vinod/विनोद Meena/मीना Ajay/अजय Shweta/श्वेता Rahul/राहुल Nisha/निशा"
        ),
        (
            "Sharma/शर्मा Verma/वर्मा Gupta/गुप्ता Mishra/मिश्रा Tiwari/तिवारी Chauhan/चौहान Saxena/सक्सेना "
            "Pandey/पाण्डेय Agrawal/अग्रवाल Srivastava/श्रीवास्तव Thakur/ठाकुर"
        ),
    ),
    "mr": (
        (
            "Sachin/सचिन Swati/स्वाती Nilesh/नीलेश Vaishali/वैशाली Prasad/प्रसाद Sayali/सायली Ganesh/गणेश "
            "Madhuri/माधुरी Aniket/अनिकेत Rutuja/ऋतुजा Mahesh/महेश Shubhangi/शुभांगी Omkar/ओंकार Aarohi/आरोही"
        ),
        (
            "Jadhav/जाधव Deshpande/देशपांडे Shinde/शिंदे Joshi/जोशी Pawar/पवार Gaikwad/गायकवाड Kale/काळे "
            "Bhosale/भोसले Chavan/चव्हाण More/मोरे"
        ),
    ),
    "bn": (
        (
            "Sourav/সৌরভ Moumita/মৌমিতা Abhijit/অভিজিৎ Sharmila/শর্মিলা Debashis/দেবাশিস Rupa/রূপা Arindam/অরিন্দম "
            "Paromita/পারমিতা Subhash/সুভাষ Tanushree/তনুশ্রী Kaushik/কৌশিক Ishita/ঈশিতা"
        ),
        "Banerjee/ব্যানার্জী Chatterjee/চ্যাটার্জী Das/দাস Mukherjee/মুখার্জী Sen/সেন Roy/রায় Bose/বসু Saha/সাহা Mondal/মণ্ডল",
    ),
    "kn": (
        (
            "Ramesh/ರಮೇಶ್ Shwetha/ಶ್ವೇತಾ Nagaraj/ನಾಗರಾಜ್ Kavya/ಕಾವ್ಯ Suresh/ಸುರೇಶ್ Roopa/ರೂಪಾ Girish/ಗಿರೀಶ್ "
            "Vidya/ವಿದ್ಯಾ Praveen/ಪ್ರವೀಣ್ Sowmya/ಸೌಮ್ಯ Chetan/ಚೇತನ್ Bhavya/ಭವ್ಯ"
        ),
        "Hegde/ಹೆಗಡೆ Shetty/ಶೆಟ್ಟಿ Rao/ರಾವ್ Bhat/ಭಟ್ Gowda/ಗೌಡ Kulkarni/ಕುಲಕರ್ಣಿ Patil/ಪಾಟೀಲ್ Naik/ನಾಯ್ಕ್ Kamath/ಕಾಮತ್",
    ),
    "en": (
        (
            "Joseph Divya Karthik Fatima Harpreet Anita Thomas Meera Siddharth Zoya Ravi Shalini Prakash Leela Nikhil "
            "Aditi Kiran Rajan Sneha Faisal Deepa George Malini Varun Ayesha Suman Balaji Teresa Dev Radhika"
        ),
        (
            "Fernandes Menon Krishnan Ansari Gill Mathew Reddy Pillai D'Souza Khan Choudhury Subramaniam Kapoor Naidu "
            "Varghese Mehta Shah Desai Bhatia Sethi Lobo Murthy Chawla Hussain"
        ),
    ),
}
_ABROAD: Final = (
    ("Daniel Okafor", "Daniel", "Africa/Lagos", "Lagos"),
    ("Emily Carter", "Emily", "Europe/London", "Leeds"),
    ("Lucas Ferreira", "Lucas", "America/Sao_Paulo", "Porto Alegre"),
    ("Chloé Lefèvre", "Chloé", "Europe/Paris", "Lyon"),
    ("Jürgen Weiß", "Jürgen", "Europe/Berlin", "Köln"),
    ("Zofia Wójcik", "Zofia", "Europe/Warsaw", "Kraków"),
    ("Siobhán O'Brien", "Siobhán", "Europe/Dublin", "Cork"),
    ("Nguyễn Thị Mai", "Mai", "Asia/Ho_Chi_Minh", "Đà Nẵng"),
    ("Wanjiru Kamau", "Wanjiru", "Africa/Nairobi", "Nairobi"),
    ("Rashid Al Farsi", "Rashid", "Asia/Dubai", "Sharjah"),
    ("Tan Wei Ling", "Wei Ling", "Asia/Singapore", "Singapore"),
    ("Bishnu Gurung", "Bishnu", "Asia/Kathmandu", "Pokhara"),
    ("Nimal Perera", "Nimal", "Asia/Colombo", "Kandy"),
    ("Amélie Tremblay", "Amélie", "America/Toronto", "Montréal"),
    ("José Martínez", "José", "America/Mexico_City", "Puebla"),
    ("Mehmet Yılmaz", "Mehmet", "Europe/Istanbul", "İzmir"),
    ("ليلى الحسن", "ليلى", "Asia/Riyadh", "Jeddah"),
    ("عمر المنصوري", "عمر", "Asia/Dubai", "Dubai"),
    ("王芳", "王芳", "Asia/Shanghai", "Suzhou"),
    ("田中美咲", "田中", "Asia/Tokyo", "Nagoya"),
    ("김지훈", "지훈", "Asia/Seoul", "Busan"),
    ("Олена Коваль", "Олена", "Europe/Kyiv", "Lviv"),
    ("Ελένη Παππά", "Ελένη", "Europe/Athens", "Patras"),
    ("தமிழ்செல்வி முருகன்", "தமிழ்செல்வி", "Asia/Kolkata", "Madurai"),
    ("ਹਰਜੀਤ ਸਿੰਘ", "ਹਰਜੀਤ", "Asia/Kolkata", "Ludhiana"),
    ("അനൂപ് ജോർജ്", "അനൂപ്", "Asia/Kolkata", "Thrissur"),
)
_ORGANISATIONS: Final = (
    "Malabar Spice Exports",
    "Lotus Court Hotel",
    "Brindavan Dairy",
    "Konkan Seafoods",
    "Narmada Textiles",
    "Hilltop Boarding School",
    "Sunbird Diagnostics",
    "Deccan Print House",
    "Riverside Serviced Flats",
    "Ashoka Garden Restaurant",
    "Palash Software",
    "Silver Oak Clinic",
    "Western Ghats Coffee",
    "Saraswati Book Depot",
    "Metro Office Spaces",
    "Bluefin Logistics",
    "Green Acre Farms",
    "Orchid Banquets",
    "Kaveri Pharmacy",
    "Northlight Studio",
    "Udaan Coaching",
    "Pine View Guest House",
    "Sagar Bakery",
    "Monsoon Architects",
)
_MAIL_DOMAINS: Final = ("example.com", "example.org", "example.net", "post.example", "inbox.example")
_LANGUAGE_SHARE: Final = {"en": 0.5, "hi": 0.18, "mr": 0.13, "bn": 0.095, "kn": 0.095}


def organisation_domain(name: str) -> str:
    """The mail domain of an organisation of the demo."""
    return "".join(word for word in name.lower().split() if word.isalpha()) + ".example"


def organisations() -> tuple[str, ...]:
    """The names of all organisations."""
    return _ORGANISATIONS


def _pairs(spec: str) -> list[tuple[str, str]]:
    return [(latin, own or latin) for latin, _, own in (each.partition("/") for each in spec.split())]


def _phone(rng: random.Random, place: int, zone: str) -> str:
    """A number that nobody has: no Indian area code begins with 50, and mobile numbers begin with 6 to 9."""
    return f"+9150{place:03}{rng.randrange(10**5):05}" if zone == "Asia/Kolkata" else f"+447700900{place:03}"


class _Addresses:
    """Hands out addresses that are all different."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, local: str, domain: str) -> str:
        plain = "".join(char for char in local.lower() if char.isascii() and (char.isalnum() or char == "."))
        plain = plain.strip(".") or "customer"
        address, number = f"{plain}@{domain}", 2
        while address in self._taken:
            address, number = f"{plain}{number}@{domain}", number + 1
        self._taken.add(address)
        return address


def _local_customer(
    rng: random.Random, language: str, cities: dict[str, list[str]], addresses: _Addresses
) -> DemoCustomer:
    firsts, lasts = _NAMES[language]
    first, last = rng.choice(_pairs(firsts)), rng.choice(_pairs(lasts))
    own = rng.random() < 0.6
    shown = (first[1], last[1]) if own else (first[0], last[0])
    organisation = rng.choice(_ORGANISATIONS) if rng.random() < 0.16 else None
    domain = organisation_domain(organisation) if organisation else rng.choice(_MAIL_DOMAINS)
    local = rng.choice((f"{first[0]}.{last[0]}", f"{first[0]}{last[0][0]}", f"{last[0]}.{first[0]}", first[0]))
    also = (addresses.take(f"{first[0]}.{last[0]}", "example.org"),) if rng.random() < 0.12 else ()
    return DemoCustomer(
        name=f"{shown[0]} {shown[1]}",
        first=shown[0],
        email=addresses.take(local, domain),
        phone="",
        language=language,
        time_zone="Asia/Kolkata",
        city=rng.choice(cities[language]),
        organisation=organisation,
        vip=rng.random() < (0.2 if organisation else 0.03),
        weight=rng.paretovariate(1.4) if organisation is None else rng.uniform(3, 9),
        also=also,
    )


def _abroad(rng: random.Random, addresses: _Addresses) -> list[DemoCustomer]:
    found = []
    for name, first, zone, city in _ABROAD:
        email = addresses.take(name.replace(" ", "."), rng.choice(_MAIL_DOMAINS))
        found.append(DemoCustomer(name, first, email, "", "en", zone, city, weight=rng.uniform(1, 3)))
    return found


def customers(count: int, cities: dict[str, list[str]]) -> list[DemoCustomer]:
    """The customers of the demo.

    Args:
        count: how many.
        cities: per language, the cities in its own spelling (``simulator/talk/*.toml``).
    """
    rng = draws("customers")
    addresses = _Addresses()
    people = _abroad(rng, addresses)
    wanted = rng.choices(list(_LANGUAGE_SHARE), list(_LANGUAGE_SHARE.values()), k=count - len(people))
    people += [_local_customer(rng, language, cities, addresses) for language in wanted]
    rng.shuffle(people)
    for place, person in enumerate(people):
        person.phone = _phone(rng, place, person.time_zone)
    return people
