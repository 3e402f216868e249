"""Makes the database, the people and the clients of the site."""
import django

django.setup()
from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from oauth2_provider.models import get_application_model  # noqa: E402

SITE = settings.SITE
Application = get_application_model()
GRANTS = {"client_credentials": Application.GRANT_CLIENT_CREDENTIALS, "authorization_code": Application.GRANT_AUTHORIZATION_CODE,
          "hybrid": Application.GRANT_OPENID_HYBRID}

call_command("migrate", interactive=False, verbosity=0)
for name, person in SITE["people"].items():
    get_user_model().objects.create_user(name, person["email"], person["password"], first_name=person["first_name"])
for client in SITE["clients"].values():
    Application.objects.create(
        name=client["client_id"], client_id=client["client_id"], client_secret=client.get("client_secret", ""),
        client_type=Application.CLIENT_CONFIDENTIAL if client.get("client_secret") else Application.CLIENT_PUBLIC,
        authorization_grant_type=GRANTS[client["grant"]], algorithm=Application.RS256_ALGORITHM,
        redirect_uris=" ".join(client.get("redirect_uris", [])), post_logout_redirect_uris=" ".join(client.get("post_logout_redirect_uris", [])))
