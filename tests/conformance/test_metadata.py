"""What the provider says of itself is so."""

import requests

from tests.conformance.browser import SECONDS
from tests.conformance.checks import CORE, DISCOVERY, MUST, SHOULD, check
from tests.conformance.site import Site


@check("disc-scopes", DISCOVERY, "3", SHOULD)
def test_the_scopes_are_listed(site: Site) -> None:
    assert {"openid", "profile", "email", "address", "phone", "offline_access"} <= set(
        site.metadata["scopes_supported"]
    )


@check("disc-no-implicit", "RFC 9700", "2.1.2", SHOULD)
def test_no_implicit_flow_is_listed(site: Site) -> None:
    assert site.metadata["response_types_supported"] == ["code"]
    assert "implicit" not in site.metadata["grant_types_supported"]
    assert "password" not in site.metadata["grant_types_supported"]


@check("disc-request-uri-flag", DISCOVERY, "3", MUST)
def test_request_uri_is_said_to_be_unsupported(site: Site) -> None:
    """Left out, it would mean that they are supported."""
    assert site.metadata["request_uri_parameter_supported"] is False
    assert site.metadata["request_parameter_supported"] is False


@check("disc-acr", DISCOVERY, "3", SHOULD)
def test_the_levels_of_assurance_are_listed(site: Site) -> None:
    assert site.metadata["acr_values_supported"] == ["none", "basic", "plus"]


@check("disc-iss-param-flag", "RFC 9207", "3", MUST)
def test_the_iss_parameter_is_announced(site: Site) -> None:
    assert site.metadata["authorization_response_iss_parameter_supported"] is True


@check("disc-endpoints", "RFC 8414", "2", SHOULD)
def test_every_endpoint_is_listed(site: Site) -> None:
    wanted = ["userinfo", "revocation", "introspection", "end_session", "pushed_authorization_request"]
    assert all(site.metadata[f"{name}_endpoint"].startswith(site.issuer) for name in wanted)


@check("disc-pkce-methods", "RFC 8414", "2", MUST)
def test_s256_alone_is_listed(site: Site) -> None:
    assert site.metadata["code_challenge_methods_supported"] == ["S256"]


@check("disc-auth-methods", DISCOVERY, "3", SHOULD)
def test_the_ways_to_prove_a_client_are_listed(site: Site) -> None:
    wanted = {"client_secret_basic", "client_secret_post", "private_key_jwt"}
    assert wanted <= set(site.metadata["token_endpoint_auth_methods_supported"])
    assert "ES256" in site.metadata["token_endpoint_auth_signing_alg_values_supported"]


@check("disc-rfc8414", "RFC 8414", "3", SHOULD)
def test_oauth_clients_find_the_same(site: Site) -> None:
    address = f"{site.issuer}/.well-known/oauth-authorization-server"
    assert requests.get(address, timeout=SECONDS).json() == site.metadata


@check("jwks-use-alg", "RFC 7517", "4.2", SHOULD)
def test_keys_say_what_they_are_for(site: Site) -> None:
    keys = requests.get(site.endpoint("jwks"), timeout=SECONDS).json()["keys"]
    assert {key["alg"] for key in keys} == {"RS256", "ES256"}
    assert all(key["use"] == "sig" and key["kid"] for key in keys)


@check("jwks-public", "RFC 7517", "9.2", MUST)
def test_no_private_half_of_a_key_is_published(site: Site) -> None:
    keys = requests.get(site.endpoint("jwks"), timeout=SECONDS).json()["keys"]
    assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set().union(*keys)


@check("jwks-kid-unique", CORE, "10.1", MUST)
def test_no_two_keys_have_one_name(site: Site) -> None:
    names = [key["kid"] for key in requests.get(site.endpoint("jwks"), timeout=SECONDS).json()["keys"]]
    assert len(names) == len(set(names))


@check("host-header", "RFC 9700", "4.9", MUST)
def test_a_forged_host_does_not_change_the_issuer(site: Site) -> None:
    address = f"{site.issuer}/.well-known/openid-configuration"
    for headers in ({"Host": "evil.example.hk"}, {"X-Forwarded-Host": "evil.example.hk"}, {"Host": "localhost"}):
        answer = requests.get(address, headers=headers, timeout=SECONDS)
        assert answer.status_code == 400 or answer.json() == site.metadata
