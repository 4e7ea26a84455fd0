"""Marks of SQL and of the query languages of document stores.  CWE-89; CWE-943."""

from typing import Final

from ringfence.gateway.screening.pattern import HINT, SURE, AttackClass, Pattern, marks

_OPERATOR: Final = r"(?:=|<>|!=|<=>|<=|>=|<|>)"
_WORD_OPERATOR: Final = r"(?:not\s+)?(?:like|rlike|regexp|in|between|sounds\s+like|glob|similar\s+to)"
_JOINT: Final = r"(?:or|and|xor|nand|not|\|\||&&|having|where|rlike|like|when|div|mod)"
_AFTER_SELECT: Final = (
    r"(?:\*|-?\d|null\b|@@?\w|['\"(`]|(?:case|distinct|top|char|chr|concat|concat_ws|group_concat|user|version|database|"
    r"schema|load_file|count|cast|convert|sum|max|min|avg|substr|substring|mid|ascii|hex|unhex|elt|if|ifnull|sleep|"
    r"pg_sleep|benchmark|extractvalue|updatexml|name_const|current_user|session_user|system_user)\b\s*\(?|"
    r"[\w.`\[\]$]+(?:\s*,\s*[\w.`\[\]$]+)*\s+from\s+[\w.`\[\"(]+)"
)

PATTERNS: Final[tuple[Pattern, ...]] = (
    *marks(
        AttackClass.SQL,
        SURE,
        {
            "union-all": r"\bunion[\s(]+(?:all|distinct(?:row)?)[\s(]+select\b",
            "union": rf"\bunion[\s(]+select[\s(]*{_AFTER_SELECT}",
            "subquery": rf"\(\s*select[\s(]+{_AFTER_SELECT}",
            "select-all": r"\bselect\s+(?:\*|@@\w+|count\s*\(|distinct\s+[\w.`]+|[\w.`]+\s*\([^()]*\))(?:\s*,\s*[^\s,]+){0,9}\s+(?:from|into|as|where|limit)\s+[\w.`\[\"(]",
            "quoted-logic": rf"['\"`´’][\s)\]]*{_JOINT}[\s(!~+-]*['\"`]?[\w.@-]*['\"`]?[\s)]*{_OPERATOR}",
            "quoted-logic-word": rf"['\"`][\s)\]]*{_JOINT}[\s(!~+-]*['\"`]?[\w.@-]+['\"`]?[\s)]*{_WORD_OPERATOR}\s*['\"(\d]",
            "quoted-logic-call": rf"['\"`)][\s)\]]*{_JOINT}[\s(!~+-]*(?:select|exists|ascii|ord|substring?|mid|length|sleep|benchmark|row|elt|if|ifnull|cast|convert|extractvalue|updatexml|char|version|user|database|json_extract|make_set|procedure)\s*\(",
            "quoted-logic-end": r"['\"`][\s)\]]+(?:or|\|\|)[\s(]+['\"`]?(?:\d+|true|not\s+false|[\w]+['\"`])\s*(?:--|#|/\*|;|$)",
            "equal-numbers": r"\b(?:or|and|xor|where|having|when|not|rlike|if)\b[\s(!]*['\"`]?(?:-?\d+)['\"`]?\s*(?:=|<>|!=|like|<=>)\s*\(?['\"`]?(?:-?\d+)",
            "equal-in-parentheses": r"\(\s*['\"]?(?:\d+)['\"]?\s*(?:=|<>|!=|<|>)\s*['\"]?(?:\d+)['\"]?\s*\)?\s*(?:then|,|\)|and|or|--|#)",
            "equal-texts": r"['\"`]\s*(?:=|like|<=>|rlike|regexp|sounds\s+like)\s*['\"`]",
            "equal-text-names": r"['\"`][\s)\]]*(?:or|and)[\s(]+['\"`]?(?:[a-z_]\w*)['\"`]?\s*(?:=|like|is|in|<|>)\s*['\"`(\d]",
            "stacked": r"(?:;|\bgo\b\s|\bbegin\b)\s*(?:insert\s+into\s+\S|update\s+\S+\s+set\s+\S|delete\s+from\s+\S|(?:drop|alter|create)\s+(?:table|database|schema|user|role|view|index|function|procedure|trigger|login|or\s+replace)\b|truncate\s+table|exec(?:ute)?[\s(]+(?:immediate|master|xp_|sp_|@|\()|declare\s+[@#\w]|shutdown\b\s*(?:;|--|with\s+nowait|$)|waitfor\s+(?:delay|time)|grant\s+\w+.*\bto\b|merge\s+into|call\s+[\w.]+\(|(?:begin\s+)?(?:user_lock|dbms_lock|dbms_pipe)\.|copy\s*\(|handler\s+\S+\s+open|attach\s+database|begin\s+declare)",
            "stacked-select": rf";\s*\(*\s*select[\s(]+{_AFTER_SELECT}",
            "write-into": r"\binsert\s+into\s+[\w.`\[\]\"]+\s*(?:\([^)]+\)\s*)?(?:values\s*\(|select\b|default\b|set\b)",
            "delete-where": r"\bdelete\s+from\s+[\w.`\[\]\"]+\s+where\s+\S+\s*(?:=|<|>|like|in\b)",
            "update-set": r"\bupdate\s+[\w.`\[\]\"]+\s+set\s+[\w.`\[\]\"]+\s*=",
            "create-drop": r"\b(?:drop|truncate|alter)\s+(?:table|database|schema)\s+(?:if\s+(?:not\s+)?exists\s+)?[\w.`\[\]\"]+\s*(?:;|--|#|/\*|cascade|add\b|modify\b)",
            "delay": r"\b(?:(?:pg_)?sleep(?:_for|_until)?\s*\(\s*['\"]?(?:\d|\(|interval|__time__)|benchmark\s*\(\s*['\"]?\d|waitfor\s+(?:delay|time)\s*['\"(\d]|(?:dbms_lock|user_lock)\.sleep|dbms_(?:pipe|session)\.\w+|randomblob\s*\(|generate_series\s*\(\s*\d|repeat\s*\(\s*['\"][^'\"]+['\"]\s*,\s*\d{5})",
            "catalogue": r"\b(?:information_schema|sys(?:objects|columns|databases|users|logins|tables|comments|processes|views)|sqlite_(?:master|schema|temp_master)|pg_(?:catalog|shadow|user|class|tables|database|roles|authid|stat_activity|read_file|ls_dir)|mysql\.(?:user|db|innodb)|(?:all|user|dba)_(?:tables|tab_columns|users|views|objects|constraints|source)|v\$(?:version|session|database|instance)|rdb\$\w+|mon\$\w+|msysobjects|msysaces|msysqueries|sys\.(?:databases|tables|objects|columns|schemas|user|sql_logins)|domain\.(?:domains|tables|columns)|sysibm\.\w+|syscat\.\w+|master\.\.|tempdb\.\.|sysmaster[:.]|systables|syscolumns)\b",
            "catalogue-procedure": r"\b(?:xp_(?:cmdshell|reg\w+|dirtree|fileexist|loginconfig|enumdsn|servicecontrol|availablemedia|ntsec\w*|terminate\w*|subdirs|makecab|delete_file)|sp_(?:executesql|oacreate|oamethod|password|addextendedproc|makewebtask|configure|addlogin|addsrvrolemember|adduser|helpdb|tables|columns|help|prepare|execwebtask|start_job|add_job\w*)|utl_(?:http|inaddr|file|smtp|tcp)\.\w+|dbms_(?:java|xmlgen|xmlquery|export_extension|ldap|utility|random|assert|scheduler|sql|output)\.\w+|ctxsys\.\w+|httpuritype|sys_context\s*\(|sys_eval\s*\(|sys_exec\s*\(|lo_(?:import|export|get)\s*\(|openrowset\s*\(|openquery\s*\(|opendatasource\s*\(|load\s+data\s+(?:local\s+)?infile|load_(?:file|extension)\s*\(|into\s+(?:out|dump)file|procedure\s+analyse|current_setting\s*\(|query_to_xml|database_to_xml|xmltype\s*\(|dblink\w*\s*\(|make_set\s*\(|json_keys\s*\(|name_const\s*\(|gtid_sub\w+\s*\(|st_latfromgeohash|geometrycollection\s*\(|multipoint\s*\(|linestring\s*\(|polygon\s*\(\s*\()",
            "function": r"\b(?:(?:extractvalue|updatexml|group_concat|concat_ws|string_agg|listagg|unhex|load_file|lpad|rpad|char_length|octet_length|bit_length|last_insert_id|row_count|found_rows|ora_hash|exp\s*\(\s*~|polygon|jsonb?_\w+|quote_ident|quote_literal|to_base64|from_base64|aes_decrypt|des_decrypt|uncompress|sha1|crc32|xmlelement|regexp_(?:substr|replace|instr|like)|date_add|date_sub|datediff|timestampadd|from_unixtime|unix_timestamp|str_to_date|is_srvrolemember|is_member|has_dbaccess|suser_s?name|host_name|db_name|object_(?:id|name)|col_name|col_length|schema_name|permissions|substr(?:ing)?_index|find_in_set|field|elt|ascii|ord|substring|substr|mid|ifnull|nullif|coalesce|nvl|iif|decode|bin|oct|conv|rand|floor|count|char|chr|nchar|hex|length|user|version|database|schema|system_user|session_user|current_user|cast|convert|isnull|xmlagg|position|locate|instr)\s*\(\s*(?:select\b|\(\s*select|0x[0-9a-f]{2}|['\"]?\w*['\"]?\s*,\s*0x|@@\w|(?:user|version|database|schema|current_user)\s*\(\s*\)|char\s*\(|chr\s*\(|case\s+when|concat\s*\(|cast\s*\(|hex\s*\(|length\s*\(|ascii\s*\(|rand\s*\(|mid\s*\(|substr))",
            "system-function": r"(?:['\"`(,=<>+*/|&!-]|\b(?:select|or|and|where|having|by|if|when)\b)\s*(?:user|version|database|schema|current_user|session_user|system_user|current_database|pg_backend_pid|connection_id|last_insert_id|row_count|found_rows)\s*\(\s*\)",
            "characters": r"\b(?:n?char|chr)\s*\(\s*\d{1,3}\s*\)?\s*(?:\+|\|\||,\s*(?:n?char\s*\(|\d{1,3})|&|%)",
            "cast": r"\b(?:(?:try_)?convert\s*\(\s*(?:int|integer|char|varchar|numeric|xml|signed|unsigned)\b|(?:try_)?cast\s*\(.+\bas\b\s*(?:n?(?:var)?char|int|integer|numeric|decimal|signed|unsigned|text|xml|date|bigint|binary|float)\b)",
            "type-cast": r"::\s*(?:int|integer|numeric|text|varchar|regclass|bool|json)\b",
            "case-when": r"\bcase\s+(?:when\b[\s(]*(?:['\"\w.(-]+\s*(?:=|<|>|!=|like|between|is|in\b)|true|false|\d)|\d+\s+when\b).*\b(?:then|else|end)\b",
            "if-call": r"\bif\s*\(\s*['\"(\w][^,)]*[=<>][^,)]*,",
            "if-then": r"(?:['\")]|;|\d)\s*\bif\s*\(?[^;]+(?:=|<|>)[^;]+\)?\s*(?:then\b|waitfor|select\b|drop\b|else\b|exec)",
            "order-by": r"(?:['\")`]\s*|\b\d+\s+)(?:order|group)\s+by\s+\(?(?:\d+|rand|\(?\s*select|if|case|char)\b|\b(?:order|group)\s+by\s+\d+(?:\s*,\s*\d+)*\s*(?:--|#|/\*|;|asc\b|desc\b)",
            "having": r"['\")`\d]\s*having\s+(?:count|min|max|sum|\d|['\"])",
            "hex-text": r"(?:=|,|\(|concat|union|select|like|\bor|\band)\s*0x[0-9a-f]{6,}",
            "comment-version": r"/\*!\d{0,6}\s*\w|/\*\+",
            "comment-inside": r"(?:union|select|insert|delete|update|drop|from|where|order|group|sleep|and|or|exec|like)(?:/\*[^*]*\*/|[+\s]*%0[0-9a-d])\s*\(?(?:all|select|from|into|where|by|table|\d|['\"(]|\w+\s*=)",
            "quote-end": r"(?:\d['\")]+[\s)\]};]*(?:--|#)\s*$)|(?:['\"`]|\b\w+'|%['\"])[\s)\]};]*(?:--(?:[\s\-+]|$)|--\S*$|#[\s\-]*$|;?\s*%00|/\*[^*]*$|;\s*--)",
            "quote-close": r"^[\w%\s@.+-]*['\"`]\s*\)+\s*(?:as\s+\w+\s+)?(?:where|or|and|union|order|having|limit|group|from|rlike|in|;|--|#|waitfor|procedure)",
            "quote-joined": r"['\"`]\s*(?:\|\||\+)\s*\(?\s*(?:['\"`]|select\b|(?:n?char|chr|user|version|database|cast|convert|utl_\w+|dbms_\w+)\b)|(?:select\b[^'\"]*|\))\s*\)\s*(?:\|\||\+)\s*['\"`]",
            "quote-arithmetic": r"['\"`]\s*(?:\^|\*|/|div\b|mod\b|%|&|<<|>>|~|\|)\s*['\"`(\d@!]|['\"`]\s*-\s*(?:\d|sleep|\(\s*select|if\s*\(|['\"`]\s*(?:-|$))",
            "is-null": r"['\"`)\d]\s*(?:is\s+(?:not\s+)?null\b\s*(?:--|#|;|\)|or\b|and\b|$)|not\s+in\s*\(|in\s*\(\s*(?:select|\d+\s*,|['\"]))",
            "like-match": r"\b(?:or|and|where)\b\s+[\w.`]+\s+(?:not\s+)?(?:like|rlike|regexp)\s+(?:binary\s+)?['\"(0x%]",
            "match-against": r"\bmatch\s*\([^)]+\)\s*against\s*\(|\bin\s+boolean\s+mode\b",
            "exists": r"\bexists\s*\(\s*select\b",
            "limit-into": r"\blimit\s+\d+\s*(?:,\s*\d+|offset\s+\d+)?\s*(?:into\b|procedure\b|--|#|;|union)",
            "variable": r"(?:@@(?:version|global|session|datadir|hostname|basedir|tmpdir|servername|spid|language|microsoftversion|rowcount|secure_file_priv|connections|identity)\b|\bdeclare\s+@\w+\s|\bset\s+@\w+\s*=|\bexec(?:ute)?\s*\(?\s*@\w)",
            "alternative-quote": r"\bq'\[|\bN'[^']*'\s*(?:=|or|and|union|--)",
            "table-alias-join": r"\bfrom\s+[\w.`\[\]]+\s+(?:as\s+)?\w*\s*(?:inner|left|right|cross|natural|full)\s+(?:outer\s+)?join\s+\w",
            "from-where": r"\bselect\b[\s\S]+\bfrom\b[\s\S]+\bwhere\b[\s\S]+(?:=|<|>|like\b|in\b|is\b)",
            "alias-from": r"[)`\"'\d]\s*as\s*[`\"']?\w*[`\"']?\s+from\b",
            "definition": r"\bexecute\s+immediate\b|\bcreate\s+(?:or\s+replace\s+)?(?:temp(?:orary)?\s+)?(?:table|procedure|function|trigger)\s+[\w.`\[\]\"]+\s*(?:\(|as\b|using\b|returns\b|begin\b|$)",
            "system-name": r"\b(?:db_name|current_user|current_database|session_user|system_user|sys_context|suser_sname)\s*\(",
            "union-open": r"\bunion\s+(?:all\s+)?select\s*$|\)\s*like\s*\(|\bif\s*\(\s*\d+\s*=",
            "dollar-quote": r"\$\$.*\$\$|\bchr\s*\(\s*\d+\s*\)\s*\|\|",
            "row": r"\brow\s*\(\s*\d+\s*,\s*\d+\s*\)\s*(?:>|<|=|in\b)",
        },
    ),
    *marks(
        AttackClass.SQL,
        HINT,
        {
            "select-from": r"\bselect\b[\s(]+[\w.,`*\s]+\s+from\s+[\w.`\[\"(]+",
            "comment": r"(?:['\"`)\d;]|^)\s*(?:--(?:\s|$)|#\s*$|/\*)|\*/",
            "order-by-number": r"\b(?:order|group)\s+by\s+\d+",
            "drop": r"\b(?:drop|truncate|alter)\s+(?:table|database|schema)\b",
            "quotes": r"['\"`]\s*(?:;|\|\||&&|<|>|\^|!=)\s*['\"`(]",
            "escaped-quote": r"\\['\"]|''\s*(?:;|\)|or\b|and\b)",
            "quote-first": r"^\s*-?\d*\s*['\"`]",
            "close-first": r"^[\w%-]*['\"`]?\)+",
            "numbers-compared": r"\b(?:or|and|where|having)\b\s+\(?\d+\s*[<>]\s*\d+",
            "limit": r"\blimit\s+\d+\s*(?:,\s*\d+|offset\s+\d+)",
            "null-list": r"(?:\bnull\b\s*,\s*){2,}|(?:\b\d+\s*,\s*){3,}\d+\s*(?:--|#)",
            "hex": r"\b0x[0-9a-f]{6,}\b",
            "like": r"\blike\s+['\"]%?\w",
        },
    ),
    *marks(
        AttackClass.NOSQL,
        SURE,
        {
            "operator": r"(?:^|[\[{\"'.,(:\s&?])\$(?:n?eq?|ne|gte?|lte?|n?in|regex|where|exists|type|not|n?or|and|expr|elemmatch|size|mod|all|function|accumulator|text|search|slice|set|unset|inc|push|pull|rename|lookup|merge|out|jsonschema|comment)(?:[\"'\]:)}\s=]|$)",
            "javascript": r"\bthis\.[a-z_]\w*\s*(?:===?|!==?|\.match\s*\(|\[|\.length|\.startsWith)|\bthis\[|;\s*return\s+(?:true|false|1|\(|this|'|\w+\s*[=<>!]=)|\bdb\.(?:\w+\.)?(?:find|insert|drop|remove|update|getCollection|injection|version|runCommand|stats|aggregate|eval)\w*\s*\(|\bdb\[",
            "double-equals": r"['\"]\s*(?:\|\||&&)\s*[\w.'\"\[\]()]+\s*(?:===?|!==?)|['\"]\s*(?:===?|!==)\s*['\"]",
            "sleep": r"\bnew\s+date\s*\(\s*\).*while|while\s*\(\s*(?:!\s*-?0|1|true)\s*\)",
            "query-suffix": r"\w__(?:startswith|endswith|contains|icontains|regex|iregex|gt|gte|lt|lte|isnull|in|exact|iexact)\b",
        },
    ),
)
