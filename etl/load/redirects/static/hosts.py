"""One grammar for each static host: a rule as a line of its file, and what it cannot say.

Facts of every host: redirects.md 10. All but CloudFront compare literal paths, so their lines come from `rules`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import NamedTuple
from urllib.parse import unquote_plus, unquote_to_bytes

import orjson

from etl.load.redirects.options import CompileOptions
from etl.load.redirects.static.rules import Form, Rule


class Loss(NamedTuple):
    """A kind of rule that a host cannot have."""

    name: str
    """One word; what makes its finding the same one in the next run."""
    sentence: str
    """What happens to such addresses."""


GONE = Loss("gone", "it cannot answer 410; these addresses answer 404")
QUERY = Loss("query", "it compares paths only; addresses with a parameter (`tiki-index.php?page=`) are not answered")
ANY = Loss("any", "the page script alone would be answered so with every parameter, too; it is not answered")
VALUE = Loss("value", "a value that begins with `:` would match every other one, too; it is not answered")
LONG = Loss("long", "their lines would be longer than the host allows")
CASE = Loss("case", "it ignores case, and these differ from another address by case alone")
UNREAD = Loss("path", "before it reads the file, Apache answers 404 to `%2F` in a path, 403 to a name over 255 bytes")
LIMIT = Loss("limit", "there are more lines than the host takes")
UNSAID = Loss(
    "settings",
    "addresses of the settings `routes` and `home` that a list of paths cannot express; they are not answered",
)
CACHE = Loss("max_age", "it sends redirects without `Cache-Control`")
SITE = Loss("site", "it needs absolute targets, and without the setting `site` they are on the first of the old hosts")
STATUS = Loss("status", "it cannot send the status in the settings, and sends 301")

Line = Callable[[Rule, CompileOptions], "str | Loss"]
"""A rule as text with its line end, or why the host cannot have it."""


@dataclass(frozen=True, slots=True)
class Host:
    """A static host and its file."""

    title: str
    file: str
    line: Line
    readme: str
    """What to do with the file, and what to know."""
    limit: int | None = None
    """Rules, or bytes of the file where ``in_bytes`` is set; None: it has none of its own."""
    in_bytes: bool = False
    queries: str | None = None
    """The file of rules with a parameter, where it is another one."""
    start: str = ""
    end: str = ""
    extra: tuple[tuple[str, str], ...] = ()
    """Further files, name and text."""
    statuses: tuple[int, ...] = (301, 302, 308)
    absolute: bool = False
    """Whether targets need a host."""
    trial: str = "The file follows the documentation of the host; it was not tried there."
    """What its form is known from."""


def status(host: Host, options: CompileOptions) -> int:
    """The status that a host sends where the setting asks for another one that it has not: 301."""
    return options.status if options.status in host.statuses else 301


_UNNAMED = ("old-wiki.example",)


def _absolute(answer: str, options: CompileOptions) -> str:
    """A target with its host: the old one, where the setting ``site`` names no other."""
    return answer if "://" in answer else f"https://{hosts(options)[0]}{answer}"


def hosts(options: CompileOptions) -> tuple[str, ...]:
    """The names of the old wiki, for hosts that want whole addresses.

    >>> hosts(CompileOptions(hosts=("Old.example.", "old.example", "b.example.:8080"))), hosts(CompileOptions())
    (('old.example', 'b.example:8080'), ('old-wiki.example',))
    """
    parted = (name.lower().partition(":") for name in options.hosts)
    return tuple(dict.fromkeys(f"{name.rstrip('.')}{colon}{port}" for name, colon, port in parted)) or _UNNAMED


def _row(source: str, target: str, *cells: object) -> str:
    """A line of a CSV file. Only targets may hold what has to be quoted: sources are encoded."""
    if "," in target:
        target = f'"{target}"'
    return f"{source},{target},{','.join(map(str, cells))}\n"


# --- the grammars --------------------------------------------------------------------------


def _no_redirect(rule: Rule, options: CompileOptions) -> Loss | None:
    """Why a host cannot have a rule that redirects whatever the parameters are."""
    if rule.answer == "410":
        return GONE
    return ANY if rule.source == options.script else None


def _no_redirect_of_a_path(rule: Rule, options: CompileOptions) -> Loss | None:
    """Why a host that knows nothing else cannot have a rule."""
    return QUERY if rule.form is Form.QUERY else _no_redirect(rule, options)


def _netlify(rule: Rule, options: CompileOptions) -> str | Loss:
    """``<from> <to> <status>``, or a table of TOML: a line holds no blank in a parameter, which is compared decoded."""
    if loss := _no_redirect(rule, options):
        return loss
    sent = status(HOSTS["netlify"], options)
    if rule.form is not Form.QUERY:
        return f"{rule.source} {rule.answer} {sent}\n"
    script, _, query = rule.source.partition("?")
    parameter, _, value = query.partition("=")
    value = unquote_plus(value)
    if value.startswith(":"):
        return VALUE
    table = {"from": script, f"query.{parameter}": value, "to": rule.answer, "status": sent}
    return "[[redirects]]\n" + "".join(f"{key} = {orjson.dumps(cell).decode()}\n" for key, cell in table.items())


def _pages(rule: Rule, options: CompileOptions) -> str | Loss:
    """``<from> <to> <status>``; without a status it would be 302."""
    if loss := _no_redirect_of_a_path(rule, options):
        return loss
    line = f"{rule.source} {rule.answer} {options.status}\n"
    return LONG if len(line) > 1000 else line


def _bulk(rule: Rule, options: CompileOptions) -> str | Loss:
    """``<source>,<target>,<status>,<query kept>,<subdomains>,<subpaths>,<suffix kept>`` for every host."""
    if loss := _no_redirect_of_a_path(rule, options):
        return loss
    answer = _absolute(rule.answer, options)
    names = dict.fromkeys(host.partition(":")[0] for host in hosts(options))  # a source with a port is refused
    rows = (_row(name + rule.source, answer, options.status, *["FALSE"] * 4) for name in names)
    return "".join(rows)


def _vercel(rule: Rule, options: CompileOptions) -> str | Loss:
    """``<source>,<destination>,<status>,<case>,<query kept>``; without a status it would be 307, and without case."""
    if loss := _no_redirect_of_a_path(rule, options):
        return loss
    if max(len(rule.source), len(rule.answer)) > 2048:
        return LONG
    return _row(rule.source, rule.answer, options.status, str(not rule.folds).lower(), "false")


def _htaccess(rule: Rule, options: CompileOptions) -> str | Loss:
    """A condition on the request as it was sent, which alone tells `+` from a blank, and where it goes.

    A sign before the request of a file of the new site makes that no request: to end there (`[L]`) would skip the rules
    below, too, which may be those that refuse files or ask for https. In a target `%2` and `$2` would stand for groups
    of expressions. The page script with a parameter that is not in the map is not the script alone.
    """
    path, query, _ = rule.source.partition("?")
    if "%2F" in path or any(len(part) > 255 for part in unquote_to_bytes(path).split(b"/")):
        return UNREAD
    behind = "& " if query else " " if path == options.script else "? "
    request = f'"^[A-Z]+ {re.escape(rule.source)}[{behind}]"{" [NC]" if rule.folds else ""}'
    asked = f"RewriteCond %{{ENV:WIKI_ETL}}%{{THE_REQUEST}} {request}\n"
    if rule.answer == "410":
        answer = "RewriteRule ^ - [G]\n"
    else:
        target = re.sub(r"[%$]", r"\\\g<0>", rule.answer)
        answer = f'RewriteRule ^ "{target}" [R={options.status},L,NE,QSD]\n'
    return LONG if max(len(asked), len(answer)) > 8192 else asked + answer  # then it answers any request with 500


def _iis(rule: Rule, _options: CompileOptions) -> str | Loss:
    """An element of a rewrite map, which IIS looks up without case: two keys that are one then stop the site."""
    if not rule.alone:
        return CASE
    return f'<add key="{rule.source}" value="{escape(rule.answer, quote=False)}" />\n'


def _csv(rule: Rule, options: CompileOptions) -> str | Loss:
    target = "" if rule.answer == "410" else rule.answer
    return _row(rule.source, target, options.status if target else 410)


_WEB_CONFIG = """\
<?xml version="1.0" encoding="UTF-8"?>
<!-- The part of a web.config that asks the map. IIS with the URL Rewrite module 2.
     UNENCODED_URL is what the client sent; REQUEST_URI may be decoded. -->
<configuration>
  <system.webServer>
    <security>
      <!-- Without it IIS refuses every address with a plus. -->
      <requestFiltering allowDoubleEscaping="true" />
    </security>
    <rewrite>
      <rewriteMaps configSource="rewritemaps.config" />
      <rules>
        <rule name="old wiki: gone" stopProcessing="true">
          <match url=".*" />
          <conditions>
            <add input="{REQUEST_FILENAME}" matchType="IsFile" negate="true" />
            <add input="{UNENCODED_URL}" pattern="@uri@" />
            <add input="{WikiEtl:{C:1}}" pattern="^410$" />
          </conditions>
          <action type="CustomResponse" statusCode="410" statusReason="Gone" />
        </rule>
        <rule name="old wiki: moved" stopProcessing="true">
          <match url=".*" />
          <conditions>
            <add input="{REQUEST_FILENAME}" matchType="IsFile" negate="true" />
            <add input="{UNENCODED_URL}" pattern="@uri@" />
            <add input="{WikiEtl:{C:1}}" pattern="^(.+)$" />
          </conditions>
          <action type="Redirect" url="{C:1}" redirectType="@type@" appendQueryString="false" />
        </rule>
      </rules>
    </rewrite>
  </system.webServer>
</configuration>
"""


HOSTS: dict[str, Host] = {
    "netlify": Host(
        "Netlify",
        "_redirects",
        _netlify,
        "Copy `_redirects` into the folder that is published. Put the content of `netlify.toml`, the addresses with a\n"
        "parameter, at the end of the `netlify.toml` of the site.\n\n"
        "Netlify takes the first line that matches, with case, and files of the new site win. It recommends fewer\n"
        "than 10,000 rules; more may make a deploy fail. Parameters are found in every spelling. Those of a request\n"
        "are passed on to the target. `netlify dev` decodes paths before it compares them, the host does not.\n",
        limit=10_000,
        queries="netlify.toml",
        statuses=(301, 302),
        trial="The parser and the matcher that Netlify publishes were asked; it was not tried there.",
    ),
    "cloudflare-pages": Host(
        "Cloudflare Pages and Workers assets",
        "_redirects",
        _pages,
        "Copy `_redirects` into the folder that is published.\n\n"
        "Cloudflare takes 2,000 lines and skips the rest with only a warning. A redirect wins over a file of the same\n"
        "path, but not over a Function. Paths are compared with case. Parameters of a request are passed on to the\n"
        "target.\n",
        limit=2_000,
        trial="The file was tried with `wrangler pages dev`; it was not tried there.",
    ),
    "cloudflare-bulk": Host(
        "Cloudflare Bulk Redirects",
        "bulk-redirects.csv",
        _bulk,
        "In the dashboard: Account, Bulk Redirects, Create list, Import CSV; then add a rule with it. Columns are\n"
        "source, target, status, preserve query string, include subdomains, subpath matching, preserve path suffix.\n\n"
        "Each line is one entry; the account's plan limits them. Every host of the old wiki has lines of its own;\n"
        "without the setting `hosts` they name `old-wiki.example`: replace it.\n",
        absolute=True,
    ),
    "vercel": Host(
        "Vercel bulk redirects",
        "redirects.csv",
        _vercel,
        'In `vercel.json`: `{"bulkRedirectsPath": "redirects.csv"}`.\n\n'
        "Plans include 1,000 (Pro) or 10,000 (Enterprise) lines; up to 1,000,000 can be bought. Parameters are not\n"
        "compared, and `vercel dev` ignores the file. Names are compared without case where that has one answer.\n",
        limit=1_000_000,
        start="source,destination,statusCode,caseSensitive,query\n",
    ),
    "htaccess": Host(
        "Apache with a .htaccess alone",
        "htaccess.txt",
        _htaccess,
        "Put these lines above all others into the file `.htaccess` of the folder that is published. Files of the new\n"
        "site win.\n\n"
        "Apache 2.4 with `mod_rewrite`. It reads that file at every request, so each rule costs time. Where you may\n"
        "change its configuration, take the folder `apache`, which costs next to nothing and knows all spellings.\n"
        "A parameter must be the first one.\n",
        start="RewriteEngine On\n"
        "RewriteCond %{REQUEST_FILENAME} -f [OR]\n"
        "RewriteCond %{REQUEST_FILENAME} -d\n"
        "RewriteRule ^ - [E=WIKI_ETL:-]\n",
        trial="Tests ask Apache 2.4 itself.",
    ),
    "iis": Host(
        "IIS with URL Rewrite",
        "rewritemaps.config",
        _iis,
        "Copy `rewritemaps.config` beside the `web.config` of the new site, and copy the content of ours into it.\n"
        "Touch `web.config` after every change of the map.\n\n"
        "IIS reads at most 250 KB of a configuration file (registry, `MaxWebConfigFileSizeInKB`), and compares\n"
        "without case. Status 308 is not in every version: 301 is sent instead. A parameter is compared as it is\n"
        "written, and must be the first one.\n",
        limit=250 * 1024,
        in_bytes=True,
        start='<?xml version="1.0" encoding="UTF-8"?>\n<rewriteMaps>\n<rewriteMap name="WikiEtl">\n',
        end="</rewriteMap>\n</rewriteMaps>\n",
        extra=(("web.config", _WEB_CONFIG.replace("@uri@", "^([^?]*(?:\\?page(?:_id)?=[^&amp;]*)?)")),),
        statuses=(301, 302),
    ),
    "csv": Host(
        "Plain CSV",
        "redirects.csv",
        _csv,
        "Source, target and status of every address, for hosts without a form of their own here. Addresses that are\n"
        "gone have no target.\n",
        start="source,target,status\n",
    ),
}
"""Every static host with a file of lines; CloudFront is another matter."""
