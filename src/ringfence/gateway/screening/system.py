"""Marks of commands, of paths and of addresses behind us.  CWE-78; CWE-22; CWE-918."""

from typing import Final

from ringfence.gateway.screening.pattern import HINT, SURE, AttackClass, Pattern, marks

_PROGRAMS: Final = (
    r"(?:whoami|uname|wget|curl|nc|ncat|netcat|nmap|socat|bash|(?:ba|z|k|c|tc|da|a)?sh|python[23]?|perl|ruby|php[578]?|nodejs|gcc|"
    r"nslookup|ifconfig|ipconfig|netstat|passwd|chmod|chown|chgrp|sudo|su|kill(?:all)?|pkill|mkfifo|mknod|crontab|"
    r"printenv|printf|base64|xxd|tftp|telnet|scp|sftp|rsync|ssh|busybox|awk|gawk|sed|grep|egrep|fgrep|xargs|tee|tac|"
    r"systeminfo|tasklist|powershell|pwsh|cmd|certutil|bitsadmin|rundll32|regsvr32|mshta|wmic|reg|schtasks|"
    r"lsof|pgrep|dmesg|uptime|hostname|ifdown|iptables|arp|traceroute|tracert|ping6?|rm|rmdir|mkdir|cp|mv|ln|ls|ll|"
    r"cat|touch|echo|sleep|ps|pwd|id|gzip|gunzip|unzip|tar|zip|git|make|docker|kubectl|vim?|nano|emacs|mysql|psql|"
    r"sqlite3|mail|sendmail|nohup|timeout|expr|eval|exec|env|export|unset|set|dir|type|del|ver|net|systemctl|apt-get|yum|reboot)"
)
_SHORT: Final = (
    r"(?:whoami|uname|ifconfig|ipconfig|netstat|printenv|systeminfo|tasklist|pwd|ls|ps|id|dir|env|w|hostname|uptime|reboot|ver|"
    r"cat|sh|bash|phpinfo\(\)|true|false|sleep|ping)"
)
_ARGUMENT: Final = r"(?:-{1,2}[a-z?]|/[a-z?*.]|\.{1,2}/|[*$`~{<>|&;]|\\|['\"]|\d+\.\d+\.\d+\.\d+|https?:|[a-z]:\\|%\w+%|\w+\.(?:txt|sh|php|py|pl|exe|conf|ini|log|bat|xml|html?)\b|\w+\s*[;|&`>]|localhost)"
_SEPARATOR: Final = r"(?:[;|`\n\r]|&&?|\$\(|[<>]\(|\|\||%0a|\{)"
_INSIDE: Final = (
    r"(?:127\.\d{1,3}\.\d{1,3}\.\d{1,3}|127\.1\b|10\.\d{1,3}\.\d{1,3}\.\d{1,3}|192\.168\.\d{1,3}\.\d{1,3}|172\.(?:1[6-9]|2\d|3[01])\.\d{1,3}\.\d{1,3}|"
    r"169\.254\.\d{1,3}\.\d{1,3}|100\.100\.100\.200|0(?:\.0){0,3}(?:[:/]|$)|localhost|localtest\.me|0x[0-9a-f]{2,8}|0\d{2,3}(?:\.0?\d{1,3}){1,3}|\d{8,10}(?:[:/]|$)|"
    r"\[[0-9a-f:.]*\]|(?:[\w-]+\.)*(?:internal|intranet|local|corp|lan|localdomain|nip\.io|sslip\.io|xip\.io|lvh\.me|1u\.ms|burpcollaborator\.net|oastify\.com|interact\.sh|oast\.\w+|canarytokens\.com|requestbin\.\w+|ngrok\.io|nslookup\.\w+)\b|instance-data\b|metadata\b|kubernetes\b)"
)

PATTERNS: Final[tuple[Pattern, ...]] = (
    *marks(
        AttackClass.COMMAND,
        SURE,
        {
            "chained": rf"(?:{_SEPARATOR})[\s'\"]*(?:/(?:usr/)?(?:local/)?s?bin/)?{_PROGRAMS}['\"]?\s+{_ARGUMENT}",
            "chained-alone": rf"(?:^|[^\w\s])\s*[;|`]\s*(?:/(?:usr/)?(?:local/)?s?bin/)?{_SHORT}\s*(?:[;|`&)]|$)|\w[;|`]{_SHORT}\s*(?:[;|`&)\r\n]|$)|^\s*[|;`]+\s*{_SHORT}\b|\|\s*{_SHORT}\s*\|",
            "substituted": rf"\$\(\s*(?:/\w|{_PROGRAMS}\b|<|\(|\w+\s+[-/$'\"])|`\s*(?:/(?:usr/)?s?bin/)?{_PROGRAMS}\b[^`]*`",
            "program-path": r"(?:^|[^\w./])/(?:usr/(?:local/)?)?s?bin/(?:[a-z*?\[]|\.\./)",
            "first": rf"^\s*(?:{_PROGRAMS})\s+(?:-{{1,2}}[a-z]\w*\b.*(?:/|\d+\.\d+|\||;|$)|/(?:etc|proc|var|tmp|dev|home|root|usr|bin|opt)\b|['\"]?\$\w|https?://)",
            "shell-variable": r"\$\{?IFS\b|\$\{?(?:PATH|HOME|PWD|SHELL|OLDPWD|BASH\w*|HOSTNAME|RANDOM|PPID|LS_COLORS)\b[:%#/}]|\$\{[\w@*!]+(?::[-+?=\d]|[#%^,]{1,2}|//?)|\$\{!\w|\$\(\(|\$\[|\$@\w|\w\$@|\w\$\*",
            "process-file": r"(?:^|[\s;|&])[<>]\(\s*[a-z]+\s\S|\w\$\(\)|\w\$\{\}\w",
            "device": r"/dev/(?:tcp|udp|null|fd|shm|random|urandom|zero|std(?:in|out|err))\b",
            "redirected": r"(?:\d?>>?|<)\s*(?:&\s*\d|/(?:tmp|dev|etc|var|root|home|usr|proc)\b|\\\\)|\d>&\d|<<<?\s*['\"]?(?:eof|\w+\$)",
            "interpreter": r"\b(?:bash|sh|zsh|ksh|dash)\s+(?:-\w*[ci]\b|<|\S+\.sh)|\b(?:python[23]?|perl|ruby|php|node|lua)\s+(?:-[ecrE]\b|-m\s+\w|\S+\.(?:py|pl|rb|php|js))|\bcmd(?:\.exe)?\s*/[ckrtq]\b|\bpowershell(?:\.exe)?\s+[-/]\w|\b(?:w|c)script(?:\.exe)?\s+\S|\bcmd\.exe\b|\bpowershell\.exe\b",
            "powershell": r"\b(?:invoke-(?:expression|webrequest|restmethod|command|item|mimikatz|shellcode)|iex\s*[(\s]+(?:\(|new-object|\$)|new-object\s+(?:net|system|io)\.|downloadstring\s*\(|downloadfile\s*\(|start-process\s|get-(?:content|childitem|process|service|wmiobject)\s|-encodedcommand\b|set-executionpolicy|add-type\s+-|out-file\s|convertto-securestring|frombase64string\s*\()",
            "fetch": r"\b(?:wget|curl|fetch|lynx)\s+(?:-\S+\s+){0,6}['\"]?(?:https?|ftp)://|\bcurl\s+-\w|\bwget\s+-\w|\b(?:nc|ncat|netcat)(?:\.\w+)?\s+(?:-\w+\s+)*[\w.]+\s+\d{2,5}\b|\bnc\s+-\w*[elc]|\bnslookup\s+\S+\.|\btftp\s+-",
            "tool": r"\b(?:rm\s+-[rf]{1,3}\b|chmod\s+(?:[0-7]{3,4}\s|[ugoa]*\+[rwxs])|cat\s+(?:/|\.\./|<|[\w.]*\*)|ls\s+-[a-z]{1,5}\b|uname\s+-[a-z]|ping\s+-[cnitlw]\s*\d+|find\s+[/.]\S*\s+-\w+|id\s*;|whoami\b|net\s+(?:user|localgroup|view|share|start|use)\b|tasklist\b|type\s+[a-z%]:?[\\%]|dir\s+[a-z]:|reg\s+(?:add|query|delete)\s+hk|wmic\s+\w+\s+(?:get|call)|ifconfig\b|kill\s+-\d|sleep\s+\d+\s*[;|&`)]|echo\s+['\"]?\S+\s*(?:\||>|`)|passwd\s+root|sudo\s+\w|ps\s+(?:aux|-ef)\b|head\s+-n?\s*\d+\s+/|tail\s+-[fn]|mkfifo\s|busybox\s+\w|rcat\b|socat\s+\w+[-:]|awk\s+['\"]?(?:BEGIN|\{)|sed\s+-[en]\s|printf\s+['\"]\\)",
            "brace": rf"\{{{_PROGRAMS},|\{{,['\"$]",
            "function": r"\(\)\s*\{[^}]*\}\s*;",
            "quoted-name": r"\b(?:w['\"\\$@*]+h['\"\\$@*]*o|c['\"\\$@*]+a['\"\\$@*]*t|l['\"\\]{1,2}s|i['\"\\]{2}d|/b['\"?*\[]|/e['\"?*]+tc|u['\"\\]+name|p['\"\\]+asswd|n['\"\\]+c|c['\"\\]+url)\b",
            "wildcard-path": r"/(?:[a-z?]*[?*]{1,3}[a-z?]*|\[[^\]]{1,8}\]\w*)/(?:[a-z?*\[\]]*[?*\[][\w?*\[\]]*)",
            "windows-variable": r"%(?:systemroot|windir|comspec|appdata|userprofile|temp|programfiles|systemdrive|path|username|os|cd|processor_\w+)(?::[~\w,\-=]*)?%|\^[a-z]\^[a-z]|\bfor\s+/[fdlr]\b|\bif\s+(?:/i\s+|not\s+)?(?:exist|defined|errorlevel)\b.+(?:\(|echo|del|goto)|\bif\s+/i\b|\berrorlevel\b|\bif\s+(?:not\s+)?\S+\s+(?:equ|neq|lss|leq|gtr|geq)\s+\S|\bif\s+(?:not\s+)?\S+\s*==\s*\S+\s+(?:echo|cmd|goto|del|call|start)\b|\bfor\s+(?:/\w\s+\S*\s*)?%{1,2}\S\s+in\s*\(",
            "alias": r"\balias\s+\w+=|\bexport\s+\w+=|\btrap\s+['\"]|\bset\s+-[ox]\b|\bunset\s+\w+;|\bsource\s+/|\beval\s+['\"$`]|\bexec\s+\d*[<>]|\bdeclare\s+-\w|\bread\s+-\w\s",
            "assigned": r"(?:^|[;&|\n])\s*[a-z_]\w*=\S*\s*[;&|\n]+\s*(?:\$|echo|eval|sh|bash|\w+\s+\$)|[;&|]\s*\$\w+\s+\S|[;&|`]\s*\$\{?\w+\}?\s*$",
            "mail": r"[\r\n]\s*(?:rcpt\s+to|mail\s+from|ehlo|helo|data)\b\s*[:<\s]|\bA\d{3}\s+(?:capability|login|select|logout|fetch|list|create|delete)\b|[\r\n]\s*(?:retr|dele|stat|uidl|top)\s+\d|(?:^|[\r\n;])\s*(?:append|authenticate)\s+\S+\s+\S",
            "sqlite-shell": r"(?:^|[;\n]|\\n)\s*\.(?:shell|system|read|dump|databases|tables|schema|load|output|import|open)\b\s*\S*",
        },
    ),
    *marks(
        AttackClass.COMMAND,
        HINT,
        {
            "separator": rf"[;|]\s*{_PROGRAMS}\b",
            "ampersand": r"&&\s*[a-z]|\|\|\s*[a-z]",
            "variable": r"\$(?:HOME|PATH|USER|SHELL|PWD|HOSTNAME)\b|\$\{\w+\}|\$[0-9@*!?#-]",
            "backtick": r"`[^`]+`",
            "escape": r"\\[a-z]\\[a-z]|[a-z]\\[a-z]",
        },
    ),
    *marks(
        AttackClass.PATH,
        SURE,
        {
            "up": r"(?:^|[/\\=:;,\s'\"(?])\.{2,}[/\\]+\.{2,}(?:[/\\]|$)|(?:^|[/\\=:'\"(?])\.\.(?:[/\\;]|$)[\w.\\/]|[/\\]\.\.[/\\]|(?:\.{2,}[/\\]+){2,}|\.\.[/\\][\w.-]+[/\\.]",
            "up-coded": r"(?:0x2e){2}|0x2e0x2e|\.\.(?:0x2f|0x5c|%c0%af|%c1%9c|%25|%u221[56]|%uf025|%e0%80%af)|%c0%ae|%(?:25)?2e%(?:25)?2e|%u002e|%%32|\.\.[\x{2215}\x{2216}\x{ff0f}\x{ff3c}]|(?:%5c|%2f)\.\.|\.\.(?:%5c|%2f)|\x{ff0e}\x{ff0e}|\.\x00\.|\.%00\.|\?\?/\?\?/",
            "dots": r"\.{4,}\s*(?:etc|boot|win|usr|proc)|(?:/\.){4,}|(?:/a{10,}){2,}|\.{30,}|(?:\./){4,}",
            "unix-file": r"(?:^|[^\w.-])/+(?:etc/(?:passwd|shadow|group|hosts?|issue|fstab|crontab|sudoers|ssh|ssl|apache2|nginx|mysql|php|init|rc|profile|resolv|security|default|hostname|motd|services|subuid|subgid|[\w.-]+\.(?:conf|cnf|ini|d)\b)|proc/(?:self|version|cpuinfo|meminfo|mounts|net|sys|cmdline|\d+)|sys/(?:class|kernel|devices|block|module|fs)|var/(?:log|run|lib|www|spool|mail|backups|cache|adm)/|root/(?:\.|\w)|home/[\w.-]+/\.|usr/(?:local|share|lib|etc|home)/|opt/(?:\w+/){1,3}\w|boot/(?:grub|vmlinuz)|run/secrets|srv/www|private/(?:etc|var))",
            "etc": r"\betc[/\\](?:passwd|shadow|group|hosts|issue|sudoers|crontab|fstab|master\.passwd)\b|\betcpasswd\b",
            "windows-file": r"\b[a-z]:[/\\]+(?:windows|winnt|boot\.ini|inetpub|program\s?files|users[/\\]|documents\s+and|wwwroot|temp|autoexec|pagefile|xampp|apache|php|mysql|[\w]+\.(?:ini|bat|exe|sys|log))|\b(?:boot|win|system|php|my|desktop)\.ini\b|\bsystem32\b|\bwindows[/\\](?:system|win|repair|temp|debug|panther)|\bwin\.ini|\bglobal\.asa\b|\\\\(?:\?|\.|[\w.$-]+)\\[\w$.-]+|\bsam\s+file\b|\binetpub[/\\]",
            "hidden-file": r"(?:^|[/\\'\"=\s>])\.(?:htaccess|htpasswd|htdigest|git(?:[/\\]|ignore\b|config\b|$)|svn[/\\]|hg[/\\]|env(?:\b[./]|$|\s)|ssh(?:[/\\]|$)|bash_?\w*|zsh\w*|profile\b|netrc\b|aws[/\\]|docker\w*[/\\]?|kube[/\\]|npmrc\b|pgpass\b|mysql_history|history\b|my\.cnf|viminfo\b|gnupg|idea[/\\]|vscode[/\\]|ds_store|dockerenv|subversion|boto\b|pypirc|travis\.yml|config[/\\]|cache[/\\]|local[/\\]|ICEauthority|Xauthority|rnd\b|sqlite_history|psql_history|node_repl_history|lesshst|rediscli_history|wget-hsts|selected_editor|www_acl|thumbs)",
            "server-file": r"\b(?:web-inf|meta-inf)\b|\b(?:id_(?:rsa|dsa|ecdsa|ed25519)|authorized_keys|known_hosts|wp-config|web\.config|httpd\.conf|nginx\.conf|sshd_config|access[._-]log|error[._-]log|docker-compose|composer\.(?:json|lock)|package-lock\.json|server\.xml|tomcat-users|application\.(?:properties|ya?ml)|appsettings\.json|localconfig|config\.inc|configuration\.php|localsettings|parameters\.yml|settings\.(?:py|php)|dump\.sql|phpinfo\.php|shadow~|passwd~)(?:\b|\.php)",
            "null": r"\.(?:php|jsp|asp|html?|txt|jpe?g|png|pdf)?(?:%00|\x00)|\x00\.|%00",
            "temporary": r"(?:^|[\s>=;'\"(])/+(?:tmp|var/tmp|dev/shm)/\w",
        },
    ),
    *marks(
        AttackClass.PATH,
        HINT,
        {"up-once": r"(?:^|[^.])\.\.[/\\]", "root": r"^/(?:etc|var|proc|usr|opt|home|root|tmp|bin|sbin|sys)(?:/|$)"},
    ),
    *marks(
        AttackClass.SSRF,
        SURE,
        {
            "inside": rf"\b[a-z][a-z0-9+.-]+:[/\\]{{2,3}}(?:[^/\\@\s]*@)?{_INSIDE}",
            "inside-relative": rf"^\s*[/\\]{{2}}(?:[^/\\@\s]*@)?{_INSIDE}",
            "scheme": r"\b(?:gopher|dict|file|jar|netdoc|tftp|ldaps?|ldapi|smb|sftp|ssh2?|php|phar|zip|glob|expect|ogg|rar|zlib|compress\.\w+|mailto|view-source|cloudns|unix|imaps?|pop3s?|smtps?|rtsps?|scp|telnet|finger|gophers|svn(?:\+ssh)?|git\+ssh|rmi|iiop|corbaname|nis|jdbc:\w+|xri|udp|wss?\+unix|resource|chrome|about\+|apple|classpath|jndi):(?://|/?[a-z]:|file:|\w+://|[/\\])",
            "scheme-nested": r"\b(?:url|jar|netdoc|view-source|feed|mhtml):(?:file|https?|ftp|gopher|//)",
            "metadata": r"169\.254\.169\.254|\bfd00:ec2::254|metadata\.(?:google|tencentyun|packet|azure)|/latest/(?:meta-data|user-data|dynamic|api/token)|/computemetadata/v1|/metadata/(?:instance|v1|identity)|\bgateway\.docker\.internal|\bhost\.docker\.internal|\bkubernetes\.default|/opc/v[12]/|\bmetadata/instance\b",
            "credentials": r"\b(?:https?|ftp)://[^/\s@]+:[^/\s@]*@[\w.\[]|\bhttps?://[^\s/]+/?[^\s]*@[\w.-]+@|\bhttps?://\S+[#?\\]@\w",
        },
    ),
    *marks(
        AttackClass.SSRF,
        HINT,
        {
            "address": r"\b(?:https?|ftps?)://\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}",
            "trailing": r"^\s*(?:https?|ftps?|file)://\S*\?+\s*$",
            "script": r"\b(?:https?|ftp)://\S+\.(?:php\d?|txt|sh|pl|py|exe|jsp|asp|gif|dtd|xsl)\?*\s*$",
        },
    ),
)
