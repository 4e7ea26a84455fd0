from ringfence.gateway.screening.core_rules import core_rules, usable
from ringfence.gateway.screening.pattern import SURE, AttackClass, Pattern

FILE = r"""
SecRule REQUEST_COOKIES|ARGS_NAMES|ARGS|XML:/* "@rx (?i:a\"b)" \
    "id:942140,\
    phase:2,block,\
    tag:'attack-sqli',\
    tag:'paranoia-level/1'"
SecRule ARGS "@rx second" "id:942141,phase:2,tag:'attack-sqli',tag:'paranoia-level/2'"
SecRule ARGS "@rx chained" "id:942142,phase:2,chain,tag:'attack-sqli',tag:'paranoia-level/1'"
SecRule REQUEST_HEADERS "@rx header" "id:942143,phase:1,tag:'attack-sqli',tag:'paranoia-level/1'"
SecRule ARGS "@pm words" "id:942144,phase:2,tag:'attack-sqli',tag:'paranoia-level/1'"
SecRule ARGS "@rx unknown" "id:942145,phase:2,tag:'attack-dos',tag:'paranoia-level/1'"
SecRule ARGS "@rx (?=x)" "id:941001,phase:2,tag:'attack-xss',tag:'paranoia-level/1'"
"""


def test_rules_for_arguments_at_the_first_level_are_taken() -> None:
    found = tuple(core_rules(FILE))
    sql = Pattern("crs-942140", AttackClass.SQL, SURE, '(?i:a"b)')
    assert found == (sql, Pattern("crs-941001", AttackClass.XSS, SURE, "(?=x)"))
    assert usable(found) == ((sql,), ("crs-941001",))
