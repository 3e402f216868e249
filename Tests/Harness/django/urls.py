from django.contrib.auth.views import LoginView
from django.urls import include, path
from oauth2_provider import urls

urlpatterns = [
    path("login/", LoginView.as_view()),
    path("", include((urls.metadata_urlpatterns, "oauth2_provider"), namespace="metadata")),
    path("o/", include(urls, namespace="oauth2_provider")),
]
