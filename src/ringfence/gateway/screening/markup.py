"""Marks of script, templates, code and XML in text.  CWE-79; CWE-1336; CWE-94; CWE-502; CWE-611."""

from typing import Final

from ringfence.gateway.screening.pattern import HINT, SURE, AttackClass, Pattern, marks

_EVENTS: Final = (
    r"on(?:abort|activate|after\w{3,20}|animation\w{3,12}|auxclick|before\w{3,20}|begin|blur|bounce|canplay\w*|cell\w{3,12}|change|click|"
    r"close|contextmenu|copy|cuechange|cut|data\w{4,14}|dblclick|deactivate|drag\w{0,6}|drop|durationchange|emptied|end|ended|error\w{0,8}|"
    r"filterchange|finish|focus\w{0,4}|formdata|fullscreen\w*|gesture\w*|hashchange|help|input|invalid|key(?:down|up|press)|layoutcomplete|"
    r"load\w*|losecapture|message\w{0,6}|mouse\w{2,8}|move\w{0,6}|mutationevent|offline|online|orientationchange|outofsync|pagehide|pageshow|"
    r"paste|pause|play\w{0,4}|pointer\w{2,12}|popstate|progress|property\w{4,10}|ratechange|readystatechange|repeat|reset|resize\w{0,6}|resume|"
    r"reverse|row\w{4,10}|scroll\w*|search|securitypolicyviolation|seek\w{0,6}|select\w{0,8}|show|slotchange|stalled|start|stop|storage|submit|"
    r"suspend|syncrestored|time\w{3,8}|toggle|touch\w{3,8}|trackchange|transition\w{3,8}|unhandledrejection|unload|urlflip|volumechange|waiting|webkit\w{5,30}|wheel)"
)
_TAGS: Final = (
    r"(?:script|iframe|object|embed|applet|meta|link|base|form|svg|math|img|image|video|audio|body|html|head|style|input|button|details|"
    r"marquee|isindex|frameset|frame|bgsound|i?layer|xml|xss|template|textarea|select|option|keygen|source|track|animate\w*|set|portal|"
    r"foreignobject|use|param|event-source|noscript|title|plaintext|xmp|listing|comment|dialog|vmlframe|table|td|div|a|x|br|p|b|span|img/|canvas|blink|label|handler|listener|menu|ul|li|center|font|pre|h[1-6])"
)

PATTERNS: Final[tuple[Pattern, ...]] = (
    *marks(
        AttackClass.XSS,
        SURE,
        {
            "script": r"<\s*/?\s*script\b|<\s*script|\bscript\s*>|%3c/?script|\bscript\s+src\s*=",
            "tag": rf"<\s*/?\s*(?:\w+:)?{_TAGS}(?:[\s/>\x0b\x0c+\"'`=<]|$)",
            "tag-attribute": r"<[a-z][\w:-]*[\s/+]+[^<>]*(?:src|href|style|data|action|formaction|srcdoc|xlink:href|background|lowsrc|dynsrc|poster|code|value|id|class|contenteditable|tabindex|autofocus|content)\s*=",
            "event": rf"(?:^|[\s\"'`/<>;=+\x00-\x1f])\b{_EVENTS}\s*(?:\x00|\x0b)?=\s*(?:\S|$)|[\"'<]\s*on[a-z]{4, 40}\s*=",
            "scheme": r"j[\s\x00-\x1f]*a[\s\x00-\x1f]*v[\s\x00-\x1f]*a[\s\x00-\x1f]*s[\s\x00-\x1f]*c[\s\x00-\x1f]*r[\s\x00-\x1f]*i[\s\x00-\x1f]*p[\s\x00-\x1f]*t[\s\x00-\x1f]*(?::|&colon)|v[\s]*b[\s]*s[\s]*c[\s]*r[\s]*i[\s]*p[\s]*t[\s]*:|\b(?:livescript|mocha)\s*:|\bdata\s*:\s*(?:text/(?:html|xml|javascript|vbscript)|image/svg|application/(?:x(?:html|ml)|javascript)|[\w/+-]*;\s*base64\s*,|,\s*<|\s*;)",
            "document": r"\bdocument\s*(?:\.|\[\s*['\"`])\s*(?:cookie|write\w*|location|domain|body|url|referrer|get\w+|create\w+|query\w+|forms|documentelement|exec\w+|open|implementation|scripts|baseuri|title|default\w+)|\bwindow\s*(?:\.\s*(?:location|open|name|eval|alert|onerror|document|parent|top|self|atob|btoa|set\w+|opener|localstorage)|\[)|\blocation\s*(?:\.\s*(?:href|hash|search|replace|assign|pathname|reload)|\s*=\s*['\"`jn/h])|\b(?:localstorage|sessionstorage)\s*[.\[]|\bxmlhttprequest\b|\bfetch\s*\(\s*['\"`/]|\binnerhtml\b|\bouterhtml\b|\binsertadjacenthtml\b",
            "call": r"\b(?:alert|confirm|prompt)\s*(?:\?\.)?\s*(?:\(\s*(?:['\"`\d/)]|document|window|string|this|name|origin|location|self|top|xss|cookie)|`|&(?:lpar|#0*40|#x0*28))|\beval\s*(?:\?\.)?\s*[(`]|\b(?:string\s*(?:\.|\[\s*['\"`])\s*)?fromcharcode\b|\b(?:set(?:timeout|interval|immediate)|unescape|decodeuri\w*|atob|execscript|importscripts|msgenerateinlinehtml|print|write(?:ln)?)\s*\(\s*(?:['\"`\d]|function|\(|document|alert|\))|\bnew\s+function\s*\(|\bfunction\s*\(\s*['\"`]",
            "computed": r"(?:\b(?:self|top|parent|window|globalthis|this|frames|document|content)\s*\[\s*['\"`/+(])|\[\s*\]\s*\[|!\s*!?\s*\[\s*\]|\(\s*\w+\s*\)\s*\[\s*['\"`]|\bimport\s*\{|\+\s*!\s*!?\s*\[\s*\]|\[\s*['\"`]\s*constructor|\bconstructor\s*(?:\.\s*(?:constructor|prototype|from)|\[|\()|__proto__|\bprototype\s*(?:\.|\[)|=\s*[a-z]+\s*=>|\b[a-z]\s*=\s*(?:alert|eval|confirm|prompt)\b|/[^/]*alert[^/]*/\s*\.\s*source|\$\s*\{\s*(?:alert|eval|[a-z]+\s*\()|\bimport\s*\(\s*['\"`]|\bwith\s*\(\s*(?:document|window|top|self)|\bthrow\b.*\bonerror\b|\bonerror\b.*\bthrow\b|\bawait\s+\w+\(|\bvalueof\s*[:=(]|\btostring\s*[:=]\s*",
            "style": r"\bexpression\s*\(|-(?:moz|o)-(?:binding|link)|\bbehaviou?r\s*:\s*url|@\s*import\s*(?:['\"`]|url)|\burl\s*\(\s*['\"`]?\s*(?:javascript|data|vbscript|&)|\bstyle\s*=\s*['\"`]?[^'\"`>]*(?:url\s*\(|expression|javascript|position\s*:|animation|@|\\|&#|binding)|\bbackground\s*(?:-image)?\s*:\s*url",
            "attribute": r"\b(?:srcdoc|formaction|xlink:href|fscommand|seeksegmenttime|lowsrc|dynsrc|allowscriptaccess|datasrc|dataformatas|http-equiv|autofocus\s+\w+|contenteditable\s*=|attributename)\b\s*=?|[\"'`]\s*(?:src|href|style|autofocus|tabindex|accesskey|id|class)\s*=\s*['\"`\w]|\bhref\s*=\s*['\"`]?\s*(?:javascript|data|vbscript|//|https?:)|\bsrc\s*=\s*['\"`]?\s*(?:javascript|data|vbscript|//|https?:|[x\d]\b)",
            "break-out": r"[\"'`]\s*/?\s*>\s*(?:<|\w*<)|--!?>\s*<|\]\]>|<!--[\s\S]*|-->\s*|<!\[cdata\[|</\s*(?:\w|>)|<%00|<\?\s*(?:echo|import|\w+:)|\[\s*if\s+\w*\s*(?:gte|lt|ie)\b|/>\s*<|>\s*\"?\s*<",
            "utf7": r"\+ad[w4x0]-?|\+adw|\+aci|&#x?0*(?:3c|60)\b;?|&lt;/?(?:script|img|svg|iframe|body|a|embed|object)|\\u003c|\\x3c|\\074|1\x{2044}4/?\w+|<\s*f\s*o\s*r\s*m\b|<\s*x\s*:\s*script|\x{fe64}",
            "jquery": r"\$\s*\(\s*['\"`<][^)]*\)\s*\.\s*\w|\bjquery\s*\(|\$\.(?:get|post|ajax|parsehtml|getscript)\b",
        },
    ),
    *marks(
        AttackClass.XSS,
        HINT,
        {
            "any-tag": r"<[a-z!?/%][^\s<>]*",
            "entity": r"&#x?[0-9a-f]{2,7};?",
            "event-like": r"[\s\"'/]on[a-z]{4,24}\s*=\s*['\"`a-z(]",
            "quote-close-tag": r"['\"`]\s*>",
        },
    ),
    *marks(
        AttackClass.TEMPLATE,
        SURE,
        {
            "double-brace": r"\{\{[\s\S]*(?:[*+\-/.(\[|_'\"=%]|\d)[\s\S]*\}\}|\{\{\s*(?:config|self|request|this|settings|app|dump|lipsum|cycler|joiner|namespace|constructor|range|url_for|get_flashed_messages|7\*7)\b|\{\{=|\{\{#|\{\{!",
            "expression": r"[$#*%~@]\{\s*(?:[\w.'\"\[\]]+\s*[*+/%(\[.:|'\"=!?-]|T\s*\(|new\s|@|#|\(|['\"]|_|::|\d+\s*[*+-])[^}]*\}?",
            "lookup": r"\$\{?\s*(?:jndi|\$\{|lower:|upper:|env:|sys:|date:|ctx:|::-|main:|java:|docker:|k8s:|web:|spring:|bundle:|log4j:|map:|marker:|script:|dns:|url:|file:|const:|base64\w*:)|\bjndi\s*:|\bj\W{0,6}n\W{0,6}d\W{0,6}i\W{0,3}:|\$\{[^}]*(?:\}|:-)[^}]*\$\{",
            "percent": r"<%[\s=@!#\-]?|\{%[-\s]*\w+|%>|\{#\s*\w+|\{php\}|\{(?:system|literal|if\s|include\s|eval\s|\$smarty)|<#(?:assign|if|list|include|import)|\[#(?:assign|list)|#set\s*\(|#(?:foreach|include|parse|evaluate)\s*\(|@\(\s*\d|@\{\s*\w*|@\{\s*\[|\[\[\s*\$\{|\[\(\s*\$\{|__\$\{|\{\{\{",
            "internals": r"__(?:class|mro|subclasses|globals|builtins|import|init|base|bases|dict|getattribute|code|reduce|name)__|\[\s*['\"]_{0,2}(?:class|mro|globals)|\bfreemarker\.|\bself\._TemplateReference|\battr\s*\(\s*['\"]|\.getclass\s*\(|\bT\(\s*java|\bcycler\.|\blipsum\.|\bpopen\s*\(|\bos\.(?:system|popen)",
        },
    ),
    *marks(
        AttackClass.CODE,
        SURE,
        {
            "java": r"\bjava[x]?[./](?:io|lang|util|net|nio|beans|rmi|sql|security|naming|script|management|awt|xml|el|faces|servlet|imageio|swing|text|applet|time|crypto|ejb|persistence|ws)[./]\w|\bjava\.io\b|\b(?:org[./](?:apache|springframework|hibernate|codehaus|mozilla|python|jboss|omg|slf4j|yaml)|com[./](?:sun|opensymphony|mchange|ibm|rometools|thoughtworks|alibaba|fasterxml|caucho|mysql|zaxxer|newrelic)|sun[./](?:misc|reflect|rmi|net)|clojure\.(?:core|lang|inspector)|bsh\.\w|groovy\.(?:lang|util)|ognl\.\w|weblogic\.\w|javassist)[./]?\w*",
            "java-call": r"\b(?:processbuilder|getruntime|runtime\s*\.\s*(?:get|exec)|newinstance|getdeclared\w+|classloader|loadclass|forname\s*\(|getmethod\s*\(|invokemethod|scriptengine\w*|unmarshaller|objectinputstream|readobject|clonetransformer|forclosure|instantiatefactory|instantiatetransformer|invokertransformer|prototypeclonefactory|prototypeserializationfactory|whileclosure|getproperty|filewriter|xmldecoder|valueexpression|methodexpression|ognlcontext|_memberaccess|allowstaticmethodaccess|excludedclasses|setaccessible|class\.module|class\.protection|jdk\.\w+\.\w+|nashorn|transformers?\.chainedtransformer|bufferedinputstream|bufferedreader|bytearrayinputstream|bytearrayoutputstream|chararrayreader|fileinputstream|fileoutputstream|filereader|inputstreamreader|outputstreamwriter|filterinputstream|filteroutputstream|printstream|printwriter|pushbackinputstream|pushbackreader|stringreader|stringwriter|linenumberreader|datainputstream|objectoutputstream|randomaccessfile|sequenceinputstream|streamtokenizer)\b",
            "serialised": r"\brO0AB|\bks0abx|\bKztAAU|\bCs7QAF|aced0005|\b[oca]:\+?\d+:[\"{\\]|\b[sbid]:\d+:?[^;]*;\s*[sboadi]:|\bTzo\d|\bgASV|\bc__builtin__|\bcos\nsystem|\b!!(?:python|javax|java|com|org)\b|_\$\$nd_func\$\$_|\$\$nd_|\bAAEAAAD/|\btype\s*[\"']?\s*:\s*[\"']?system\.(?:windows|diagnostics|configuration|data|workflow)|\bObjectDataProvider\b|\bBinaryFormatter\b|\b__viewstate\b|\bR2dldGhv",
            "php": r"<\?(?:php|=|\s|xml-)|<\?$|\?>|\$_(?:get|post|request|cookie|server|files|session|env)\b|\$\s*\{\s*[@'\"_$]|\$GLOBALS\b|\$(?:http_(?:get|post|raw|cookie|env|server|session|request)\w*|php_\w+|argv|argc)\b|\b(?:php|phar|zlib|data|expect|glob|ssh2|ogg|rar|zip)://|\bauto_(?:prepend|append)_file\b|\ballow_url_(?:include|fopen)\b|\bdisable_functions\b|\b(?:memory_limit|extension_dir|error_reporting|display_errors|include_path|session\.save_path|sendmail_path)\s*=|\bopen_basedir\b|\b(?:safe_mode|suhosin)\b\s*=|\b__halt_compiler\b|\bbase64_decode\b",
            "php-call": r"\b(?:passthru|shell_exec|proc_(?:open|close|get_status|nice)|pcntl_\w+|create_function|call_user_func(?:_array)?|file_(?:get|put)_contents|file(?:atime|ctime|group|inode|mtime|owner|perms|size|type|_exists)|p?fsockopen|phpinfo|phpversion|php_uname|preg_replace(?:_callback)?|(?:include|require)_once|move_uploaded_file|parse_ini_file|highlight_file|show_source|gzinflate|gzuncompress|str_rot13|unserialize|parse_str|ini_set|ini_get|set_time_limit|ob_start|register_shutdown_function|array_(?:map|filter|walk|diff_ukey|reduce)|iterator_apply|spl_autoload\w*|posix_\w+|gethostby\w+|get_(?:defined|current|included|cfg|loaded)\w*|assert_options|(?:ftp|curl|mysqli?|pg|sqlite|socket|stream|apache|session|simplexml|xml|dom|image)_\w+|func_get_args?|is_callable|method_exists|error_log|print_r|var_dump|readfile|fopen|fwrite|fputs|fread|opendir|scandir|putenv|getenv|hex2bin|bin2hex|strrev|usort|uasort|tempnam|tmpfile)\s*(?:/\*[^*]*\*/|(?://|#)[^\n]*\n|\s)*\(|\b(?:system|exec|popen|assert|include|require|mail|unlink|rmdir|symlink|chmod|extract|die|exit|eval|chr|implode|constant|define|touch|stat|copy|rename|link|rand|sleep|usleep|printf|sprintf|vprintf|dl)(?:\s*(?:#|//)[^\n]*\n\s*|\s*/\*[^*]*\*/\s*)?\(\s*(?:['\"$@)]|\w+\s*\)\s*(?:;|$)|\w+\(|base64|\d)",
            "php-callable": r"[\"'`)\]]\s*\(\s*(?:['\"]?[a-z_$][\w]*['\"]?)?\s*\)\s*;|\(\s*['\"]?(?:system|exec|passthru|shell_exec|eval|assert|phpinfo|phpversion|popen|printf?|chr|sys)['\"]?\s*\)\s*\(|['\"](?:system|exec|passthru|assert|phpinfo|eval)['\"]\s*\(|\$\w+\s*\(\s*\$|\$\w+\s*=\s*['\"]?\w+['\"]?\s*;\s*\$|\$\{[^}]+\}\s*\(|\w\s*/\*[^*]*\*/\s*\(|\$\s*(?:/\*|\{|\$)|\(\s*['\"]\w+['\"]\s*\.\s*['\"]\w|\$\w+\s*(?:\[[^\]]*\]|\{[^}]*\})+\s*\(|@\$\w|::\s*\$\w+\s*\(|\[/?php\]|\{/?php\}|\[\s*['\"]?(?:system|exec|passthru|eval|assert)['\"]?\s*\]|\(\s*(?:system|exec|passthru|eval|assert)\s*\)\s*\(",
            "javascript": r"\brequire\s*\(\s*['\"`]|\bchild_process\b|\bprocess\s*(?:\.\s*(?:env|exit|mainmodule|binding|kill|argv|cwd|version|stdout|platform|chdir|umask|domain|getuid)|\[)|\bmodule\s*\.\s*(?:exports|constructor|_load)|\bglobal\s*\.\s*(?:process|require|\w+\s*=)|\bbuffer\s*\(\s*['\"\d]|\bspawn(?:sync)?\s*\(|\bexecsync\s*\(|\bfs\s*\.\s*(?:read|write|unlink|append|create|open|stat|chmod|exists)\w*|\bconsole\s*\.\s*(?:log|info|error|warn|debug|trace|table|dir)\b|\bfunction\s*\w*\s*\([^)]*\)\s*\{|\(\s*\)\s*=>|\breflect\s*\.\s*\w+|\bobject\s*\.\s*(?:assign|constructor|defineproperty|prototype|entries|keys)\b|\btostring\s*\(\s*\)\s*\.\s*constructor|\bglobalthis\b|\b(?:var|let|const)\s+\w+\s*=\s*\S|\bwhile\s*\(\s*(?:!\s*)?[-+]?\d|\bfor\s*\(\s*;|\bdelete\s+\w+\.\w|\bpromise\s*\.\s*\w+\(|\bnew\s+(?:function|buffer|proxy|image|xmlhttprequest|websocket|worker|blob)\b|\btypeof\s+\w+\s*[=!]|\b_load\b",
            "perl-ruby": r"\b(?:qx|qw|qq)\s*[{(/|!<]|@\{\s*\[|@\{\s*\w|@\{\[|\beval\s*\{|\b(?:kernel|io|file|dir|process|open3|net::http|erb|marshal|object|class)\s*(?:\.|::)\s*(?:exec|system|spawn|popen|read|open|write|fork|syscall|send|new|load|delete|glob|eval|const_get|instance_\w+|class_eval|result)\b|\b%x[\[({|!]|`[^`]+`\s*[;)]|\binstance_eval\b|\bclass_eval\b|\b__send__\b|\bpublic_send\b|\buse\s+\w+::\w+",
            "python": r"\b__import__\s*\(|\bimport\s+(?:os|sys|subprocess|socket|pty|pickle|base64)\b|\bsubprocess\s*\.\s*\w+|\b(?:os|sys|commands|pty|shutil|pickle|marshal|builtins)\s*\.\s*(?:system|popen|exec\w*|spawn|environ|listdir|remove|loads|getoutput|modules|unlink|walk)\b|\bexec\s*\(\s*['\"]|\bcompile\s*\(\s*['\"]|\blambda\s*\w*\s*:\s*\w+\s*\(|\bopen\s*\(\s*['\"]/",
        },
    ),
    *marks(
        AttackClass.XXE,
        SURE,
        {
            "doctype": r"<!\s*doctype\b[^>]*(?:\[|system|public|>)|<!\s*(?:entity|element|attlist|notation)\b|<\?xml\b|<\?xml-stylesheet|\bxsi:schemalocation|<\s*xi?:include|\bxmlns(?::\w+)?\s*=|%[a-z]\w*;\s*(?:%|\]|<)|\bsystem\s+['\"](?:file|https?|ftp|php|expect|jar|netdoc|gopher):|<\s*xsl:|<\?import",
        },
    ),
)
