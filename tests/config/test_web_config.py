import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exporter.config.problems import ConfigError
from exporter.config.web_config import load_web_settings
from exporter.config.web_fields import CIPHER_SUITES, CURVES, TLS13_SUITES
from exporter.config.web_settings import RateLimit, WebSettings
from tests.certificates import Authority, KeyPair
from tests.config.conftest import Write

HASH = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"
TLS = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n"
EXPIRY = datetime(2049, 12, 31, 23, 59, 58, tzinfo=UTC)


@pytest.fixture(autouse=True)
def pair(write: Write, tmp_path: Path) -> KeyPair:
    """Lay `ca.pem`, `server.pem` and `server.key` beside the configuration."""
    authority = Authority(tmp_path)
    assert authority.file
    write("junk.pem", "no certificate\n")
    return authority.issue("server", not_after=EXPIRY)


def load(write: Write, content: str) -> WebSettings:
    write("web.yml", content)
    return load_web_settings(Path("web.yml"))


def problems(write: Write, content: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        load(write, content)
    return [str(problem) for problem in raised.value.problems]


class TestWhatTheToolkitAccepts:
    """Its fixtures named *.good.yml; two it accepts are refused, see below."""

    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(TLS, id="noAuth"),
            pytest.param(TLS + "  client_auth_type: VerifyClientCertIfGiven\n", id="noAuth.good"),
            pytest.param(
                TLS + "  client_auth_type: RequireAndVerifyClientCert\n", id="noAuth.blocking"
            ),
            pytest.param(
                TLS + "  client_auth_type: RequireAnyClientCert\n  client_ca_file: ca.pem\n",
                id="requireanyclientcert",
            ),
            pytest.param(
                TLS + "  client_auth_type: RequireClientCert\n  client_ca_file: ca.pem\n",
                id="requireclientcert, its old name",
            ),
            pytest.param(
                TLS + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n",
                id="requireandverifyclientcert",
            ),
            pytest.param(
                TLS
                + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"
                + '  client_allowed_sans: ["bad", "one.example"]\n',
                id="auth_client_san",
            ),
            pytest.param(TLS + "  client_auth_type: RequestClientCert\n", id="request"),
            pytest.param(
                TLS + f"  cipher_suites: [{', '.join((*CIPHER_SUITES, *TLS13_SUITES))}]\n",
                id="noAuth_allCiphers",
            ),
            pytest.param(
                TLS + "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n"
                "  prefer_server_cipher_suites: false\n  max_version: TLS12\n",
                id="noAuth_someCiphers_noOrder",
            ),
            pytest.param(TLS + "  curve_preferences: [CurveP521]\n", id="noAuth_someCurves"),
            pytest.param(TLS + "http_server_config:\n  http2: false\n", id="noAuth_noHTTP2"),
            pytest.param(
                "http_server_config:\n  headers:\n    X-Frame-Options: deny\n"
                "    Strict-Transport-Security: max-age=31536000; includeSubDomains\n"
                "    X-Content-Type-Options: nosniff\n    X-XSS-Protection: 1\n"
                "    Content-Security-Policy: \"default-src 'self' *.test.example.net\"\n",
                id="headers",
            ),
            pytest.param("rate_limit:\n  interval: 0\n  burst: 0\n", id="rate_limiter_nonblocking"),
            pytest.param("rate_limit:\n  interval: 1s\n  burst: 5\n", id="rate_limiter_one_second"),
            pytest.param(f"{TLS}basic_auth_users:\n  alice: {HASH}\n", id="users"),
            pytest.param(f"basic_auth_users:\n  alice: {HASH}\n", id="users_noTLS"),
        ],
    )
    def test_is_accepted(self, write: Write, content: str) -> None:
        assert load(write, content)

    def test_certificate_and_key_may_stand_in_the_file(self, write: Write, pair: KeyPair) -> None:
        inline = {"cert": pair.cert, "key": pair.key, "client_ca": pair.cert.with_name("ca.pem")}
        sections = "".join(
            f"  {key}: |\n{_indented(file.read_text('utf-8'))}" for key, file in inline.items()
        )

        settings = load(
            write,
            f"tls_server_config:\n{sections}  client_auth_type: RequireAndVerifyClientCert\n",
        )

        assert settings.tls is not None
        assert settings.files == (Path("web.yml"),)
        assert "PRIVATE" not in repr(settings)


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


class TestWhatTheToolkitRefuses:
    """Its fixtures named *.bad.yml, each with what is said of it."""

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            pytest.param("junk\n", "1: must be a mapping of keys to values", id="junk"),
            pytest.param(
                TLS + "  cert_filse: x\n",
                '4: tls_server_config.cert_filse: unknown key; did you mean "cert_file"?',
                id="junk_key",
            ),
            pytest.param(
                TLS.replace("server.pem", '""'),
                "2: tls_server_config.cert_file: must be the path of a file",
                id="certPath_empty",
            ),
            pytest.param(
                'tls_server_config:\n  cert: ""\n  key_file: server.key\n',
                "2: tls_server_config.cert: is empty: write it in PEM, or remove the key",
                id="cert_empty",
            ),
            pytest.param(
                TLS.replace("server.key", '""'),
                "3: tls_server_config.key_file: must be the path of a file",
                id="keyPath_empty",
            ),
            pytest.param(
                "tls_server_config:\n  cert_file: server.pem\n",
                "1: tls_server_config: has neither key_file nor key: set one of them",
                id="key_missing",
            ),
            pytest.param(
                "tls_server_config:\n  key_file: server.key\n",
                "1: tls_server_config: has neither cert_file nor cert: set one of them",
                id="cert_missing",
            ),
            pytest.param(
                TLS.replace("server.pem", "nowhere.pem"),
                "2: tls_server_config.cert_file: FOLDER/nowhere.pem: cannot be read: "
                "No such file or directory",
                id="certPath_invalid",
            ),
            pytest.param(
                TLS.replace("server.key", "nowhere.key"),
                "3: tls_server_config.key_file: FOLDER/nowhere.key: cannot be read: "
                "No such file or directory",
                id="keyPath_invalid",
            ),
            pytest.param(
                TLS + "  client_ca_file: ca.pem\n",
                "4: tls_server_config.client_ca_file: has no effect without "
                "client_auth_type: RequireAndVerifyClientCert",
                id="noAuth.bad",
            ),
            pytest.param(
                TLS
                + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: gone.pem\n",
                "5: tls_server_config.client_ca_file: FOLDER/gone.pem: cannot be read: "
                "No such file or directory",
                id="clientCAs_invalid",
            ),
            pytest.param(
                TLS
                + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: junk.pem\n",
                "5: tls_server_config.client_ca_file: FOLDER/junk.pem: holds no PEM certificate",
                id="clientCAs_nocerts",
            ),
            pytest.param(
                TLS + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca: junk\n",
                "5: tls_server_config.client_ca: holds no PEM certificate",
                id="clientCAsText_nocerts",
            ),
            pytest.param(
                TLS + "  client_auth_type: Sometimes\n",
                "4: tls_server_config.client_auth_type: must be 'NoClientCert', "
                "'RequestClientCert', 'RequireAnyClientCert', 'RequireClientCert', "
                "'VerifyClientCertIfGiven' or 'RequireAndVerifyClientCert'",
                id="invalid ClientAuth",
            ),
            pytest.param(
                TLS + "  client_allowed_sans: [one]\n",
                "4: tls_server_config.client_allowed_sans: needs client_auth_type: "
                "RequireAndVerifyClientCert",
                id="client_san_no_client_auth",
            ),
            pytest.param(
                TLS + "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: ca.pem\n"
                "  client_allowed_sans: [one]\n",
                "6: tls_server_config.client_allowed_sans: needs client_auth_type: "
                "RequireAndVerifyClientCert",
                id="client_san_optional_cert",
            ),
            pytest.param(
                "basic_auth_users:\n  john: doe\n",
                "2: basic_auth_users.john: is no bcrypt hash: make one with htpasswd -nBC 10 NAME",
                id="auth_user_list_invalid",
            ),
            pytest.param(
                TLS + "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA2048]\n",
                "4: tls_server_config.cipher_suites[0]: is no cipher suite; "
                'did you mean "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"?',
                id="inventedCiphers",
            ),
            pytest.param(
                TLS + "  curve_preferences: [Q]\n",
                "4: tls_server_config.curve_preferences[0]: is no curve; the known ones are "
                "CurveP256, CurveP384, CurveP521, X25519",
                id="inventedCurves",
            ),
            pytest.param(
                TLS + "  min_version: TLS111\n",
                "4: tls_server_config.min_version: must be TLS12 or TLS13",
                id="wrongTLSVersion",
            ),
            pytest.param(
                "http_server_config:\n  headers:\n    X-Content-Type-Options: sniff\n",
                "3: http_server_config.headers.X-Content-Type-Options: must be nosniff",
                id="headers_content_type_options",
            ),
            pytest.param(
                "http_server_config:\n  headers:\n    X-Frame-Options: sometimes\n",
                "3: http_server_config.headers.X-Frame-Options: must be deny or sameorigin",
                id="headers_frame_options",
            ),
            pytest.param(
                "http_server_config:\n  headers:\n    Server: mine\n",
                "3: http_server_config.headers.Server: this header cannot be set; those that can "
                "are Content-Security-Policy, Strict-Transport-Security, X-Content-Type-Options, "
                "X-Frame-Options, X-XSS-Protection",
                id="headers_extra_header",
            ),
        ],
    )
    def test_is_refused(self, write: Write, tmp_path: Path, content: str, said: str) -> None:
        assert problems(write, content) == [f"web.yml:{said.replace('FOLDER', str(tmp_path))}"]


class TestWhatIsRefusedBesides:
    """What the toolkit accepts: it cannot be served, or is open to everyone by mistake."""

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            pytest.param("", "1: is empty", id="empty"),
            pytest.param(
                "tls_server_config:\n",
                "1: tls_server_config: is empty: remove it, or say who may come in, and how",
                id="cut off in TLS",
            ),
            pytest.param(
                "basic_auth_users:\n",
                "1: basic_auth_users: is empty: remove it, or say who may come in, and how",
                id="cut off in users",
            ),
            pytest.param(
                TLS + "  client_auth_type: RequireAnyClientCert\n",
                "4: tls_server_config.client_auth_type: would let any certificate in, which "
                "Python cannot do: write RequireAndVerifyClientCert and set client_ca_file",
                id="any certificate",
            ),
            pytest.param(
                TLS + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"
                "  client_allowed_sans: []\n",
                "6: tls_server_config.client_allowed_sans: lists none, so that no client could "
                "connect: list one or remove the key",
                id="no SAN",
            ),
            pytest.param(
                TLS + "  curve_preferences: [CurveP256, X25519]\n",
                "4: tls_server_config.curve_preferences: Python offers one curve, or OpenSSL's "
                "choice: list one, or remove the key",
                id="noAuth_allCurves",
            ),
            pytest.param(
                TLS + "  min_version: TLS10\n",
                "4: tls_server_config.min_version: is a version of TLS that is broken and not "
                "served: write TLS12 or TLS13",
                id="broken version",
            ),
            pytest.param(
                TLS + "  min_version: TLS13\n  max_version: TLS12\n",
                "5: tls_server_config.max_version: is below min_version, so that no client could "
                "connect",
                id="no version",
            ),
            pytest.param(
                TLS + "  max_version: TLS12\n  cipher_suites: [TLS_AES_128_GCM_SHA256]\n",
                "5: tls_server_config.cipher_suites: lists suites of TLS 1.3 alone, which "
                "max_version rules out",
                id="no cipher suite",
            ),
            pytest.param(
                TLS + "  cert: x\n",
                "2: tls_server_config.cert_file: cert is there too: keep one of them",
                id="two certificates",
            ),
            pytest.param(
                TLS.replace("server.key", "server.pem"),
                "3: tls_server_config.key_file: FOLDER/server.pem: holds no PEM key that can be "
                "read",
                id="no key",
            ),
            pytest.param(
                TLS.replace("server.pem", "junk.pem"),
                "2: tls_server_config.cert_file: FOLDER/junk.pem: holds no PEM certificate",
                id="no certificate",
            ),
            pytest.param(
                'http_server_config:\n  headers:\n    X-XSS-Protection: "1\\r\\nX: y"\n',
                "3: http_server_config.headers.X-XSS-Protection: holds a control or a non-ASCII "
                "character: remove it",
                id="a header within a header",
            ),
            pytest.param(
                f"basic_auth_users:\n  alice: {HASH.replace('$10$', '$19$')}\n",
                "2: basic_auth_users.alice: has a cost out of bounds: make a hash with one from "
                "4 to 18",
                id="a check of half a minute",
            ),
            pytest.param(
                f'basic_auth_users:\n  "a:b": {HASH}\n',
                "2: basic_auth_users.<key>: holds a colon, which no name of basic authentication "
                "can: remove it",
                id="a name that cannot be sent",
            ),
            pytest.param(
                "rate_limit: {interval: 1s}\n",
                "1: rate_limit.burst: must be at least 1, else no request would be answered",
                id="no burst",
            ),
            pytest.param(
                "rate_limit: {interval: 1, burst: 1}\n",
                "1: rate_limit.interval: is not a duration: write a number with its unit, such "
                "as 500ms, 1s or 1m",
                id="nanoseconds",
            ),
        ],
    )
    def test_is_refused(self, write: Write, tmp_path: Path, content: str, said: str) -> None:
        assert problems(write, content) == [f"web.yml:{said.replace('FOLDER', str(tmp_path))}"]


class TestWhatIsLoaded:
    def test_every_part(self, write: Write, tmp_path: Path) -> None:
        settings = load(
            write,
            f"{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"
            "  client_allowed_sans: [a.example, 10.0.0.1]\n"
            f'basic_auth_users:\n  alice: {HASH}\n  "": {HASH}\n'
            "http_server_config:\n  headers: {X-XSS-Protection: 0, Content-Security-Policy: }\n"
            "rate_limit: {interval: 1m30.5s, burst: 7}\n",
        )

        assert settings.tls is not None
        assert settings.tls.allowed_sans == frozenset({"a.example", "10.0.0.1"})
        assert settings.tls.expires_at == EXPIRY.timestamp()
        assert settings.tls.context.verify_mode is ssl.CERT_REQUIRED
        assert {name: item.reveal() for name, item in settings.users.items()} == {
            "alice": HASH,
            "": HASH,
        }
        assert settings.headers == {"X-XSS-Protection": "0"}
        assert settings.rate_limit == RateLimit(90.5, 7)
        assert settings.files == (
            *(Path("web.yml"), tmp_path / "server.pem", tmp_path / "server.key"),
            tmp_path / "ca.pem",
        )
        assert settings.warnings == ()
        assert HASH not in repr(settings)

    def test_nothing_is_plain_http_for_everyone(self, write: Write) -> None:
        assert load(write, "{}\n") == WebSettings(files=(Path("web.yml"),))

    @pytest.mark.parametrize(
        ("written", "seconds"),
        [("500ms", 0.5), (".5h", 1800.0), ("1h1m1s", 3661.0), ("250us", 2.5e-4), ("'0'", None)],
    )
    def test_a_duration_is_one_of_go(
        self, write: Write, written: str, seconds: float | None
    ) -> None:
        limit = load(write, f"rate_limit: {{interval: {written}, burst: 1}}\n").rate_limit

        assert (limit and limit.interval) == seconds

    def test_tls_is_at_least_1_2(self, write: Write) -> None:
        tls = load(write, TLS).tls

        assert tls is not None
        assert tls.context.minimum_version is ssl.TLSVersion.TLSv1_2

    def test_suites_of_tls_1_3_alone_leave_tls_1_3_alone(self, write: Write) -> None:
        tls = load(write, TLS + "  cipher_suites: [TLS_AES_128_GCM_SHA256]\n").tls

        assert tls is not None
        assert tls.context.minimum_version is ssl.TLSVersion.TLSv1_3

    @pytest.mark.parametrize("suite", CIPHER_SUITES)
    def test_every_suite_of_go_is_known_to_openssl(self, write: Write, suite: str) -> None:
        tls = load(write, f"{TLS}  cipher_suites: [{suite}]\n").tls

        assert tls is not None
        names = {str(cipher["name"]) for cipher in tls.context.get_ciphers()}
        assert CIPHER_SUITES[suite] in names
        assert len(names) == 1 + len(TLS13_SUITES)

    @pytest.mark.parametrize("curve", CURVES)
    def test_every_curve_of_go_is_known_to_openssl(self, write: Write, curve: str) -> None:
        assert load(write, f"{TLS}  curve_preferences: [{curve}]\n").tls


class TestSeveralMistakes:
    def test_are_told_at_once(self, write: Write) -> None:
        found = problems(
            write,
            TLS.replace("server.key", "junk.pem")
            + "  min_version: SSL3\nbasic_auth_users: {john: doe}\nrate_limit: {burst: x}\n",
        )

        assert [problem.split(": ")[1] for problem in found] == [
            "tls_server_config.key_file",
            "tls_server_config.min_version",
            "basic_auth_users.john",
            "rate_limit.burst",
        ]

    def test_another_certificate_s_key_is_told(self, write: Write, tmp_path: Path) -> None:
        authority = Authority(tmp_path)
        authority.issue("server")
        authority.issue("other").key.rename(tmp_path / "server.key")

        assert problems(write, TLS) == [
            (
                f"web.yml:3: tls_server_config.key_file: {tmp_path}/server.key: "
                "is not the key of the certificate"
            )
        ]

    def test_no_message_quotes_a_key(self, write: Write, pair: KeyPair) -> None:
        key = pair.key.read_text("utf-8").replace("EC PRIVATE", "PRIVATE")

        (problem,) = problems(
            write, f"tls_server_config:\n  cert_file: server.pem\n  key: |\n{_indented(key)}"
        )

        assert problem == "web.yml:3: tls_server_config.key: holds no PEM key that can be read"


class TestCautions:
    @pytest.mark.parametrize(
        ("content", "warning"),
        [
            (
                f"basic_auth_users: {{alice: {HASH}}}\n",
                (
                    "basic_auth_users: without tls_server_config the passwords travel for everyone "
                    "to read"
                ),
            ),
            (
                TLS + "http_server_config: {http2: true}\n",
                "http_server_config.http2: HTTP/2 is not served, clients get HTTP/1.1",
            ),
            (
                TLS + "  client_auth_type: RequestClientCert\n",
                (
                    "tls_server_config.client_auth_type: RequestClientCert lets everyone in, so no "
                    "certificate is asked for"
                ),
            ),
            (
                TLS + "  client_auth_type: RequireAnyClientCert\n  client_ca_file: ca.pem\n",
                (
                    "tls_server_config.client_auth_type: RequireAnyClientCert is served as "
                    "RequireAndVerifyClientCert"
                ),
            ),
            (
                TLS + "  client_auth_type: RequireAndVerifyClientCert\n",
                (
                    "tls_server_config.client_ca_file: without it, whoever has a certificate of an "
                    "authority that this system trusts is let in"
                ),
            ),
            (
                f"{TLS}basic_auth_users: {{alice: {HASH.replace('$10$', '$15$')}}}\n",
                "basic_auth_users: a hash has cost 15, so its first check takes seconds",
            ),
            (
                f"{TLS}basic_auth_users: {{a: {HASH}, b: {HASH.replace('$10$', '$12$')}}}\n",
                (
                    "basic_auth_users: the hashes differ in cost, so the time of an answer tells "
                    "names apart"
                ),
            ),
        ],
    )
    def test_what_is_no_mistake_may_earn_a_warning(
        self, write: Write, content: str, warning: str
    ) -> None:
        assert load(write, content).warnings == (warning,)

    def test_a_key_that_others_can_read(self, write: Write, pair: KeyPair) -> None:
        pair.key.chmod(0o640)

        assert load(write, TLS).warnings == (
            f"{pair.key} is open to its group or to others: chmod 600 it",
        )
