"""Google, Kakao and Naver as OAuth 2.0 providers: authorize, token, person, each at its real host and path.

In: requests of browsers (authorize) and of auth-api (token, person). Out: codes and tokens that were really given out before; any
other is refused as the provider would. The people are made up.
"""
import secrets
import threading
import urllib.parse

from standin import Reply, json_reply

PEOPLE = 40
lock = threading.Lock()
codes = {}
tokens = {}


def authorize(request):
    code = secrets.token_urlsafe(12)
    with lock:
        codes[code] = secrets.randbelow(PEOPLE)
    back = urllib.parse.urlencode({"code": code, "state": request.query.get("state", "")})
    return Reply(302, {"Location": f"{request.query['redirect_uri']}?{back}"})


def token(request):
    with lock:
        person = codes.pop(request.form.get("code"), None)
        if person is None:
            return json_reply({"error": "invalid_grant"}, 400)
        given = secrets.token_urlsafe(16)
        tokens[given] = person
    return json_reply({"access_token": given, "token_type": "Bearer", "expires_in": 3600})


def person_of(request, shape):
    with lock:
        person = tokens.pop(request.bearer, None)
    return json_reply({"error": "invalid_token"}, 401) if person is None else json_reply(shape(person))


def google(number):
    return {"sub": f"1{number:020d}", "name": f"Google user {number}", "email": f"user{number}@example.com"}


def kakao(number):
    return {"id": 4_000_000_000 + number, "properties": {"nickname": f"카카오 {number}"}}


def naver(number):
    return {"resultcode": "00", "message": "success", "response": {"id": f"naver-{number}", "name": f"네이버 {number}"}}


ROUTES = {
    ("accounts.google.com", "/o/oauth2/v2/auth"): authorize,
    ("oauth2.googleapis.com", "/token"): token,
    ("openidconnect.googleapis.com", "/v1/userinfo"): lambda request: person_of(request, google),
    ("kauth.kakao.com", "/oauth/authorize"): authorize,
    ("kauth.kakao.com", "/oauth/token"): token,
    ("kapi.kakao.com", "/v2/user/me"): lambda request: person_of(request, kakao),
    ("nid.naver.com", "/oauth2.0/authorize"): authorize,
    ("nid.naver.com", "/oauth2.0/token"): token,
    ("openapi.naver.com", "/v1/nid/me"): lambda request: person_of(request, naver),
}


def answer(request):
    found = ROUTES.get((request.host, request.path))
    return found(request) if found else json_reply({"error": "not found"}, 404)


HOSTS = {host: answer for host, _ in ROUTES}
