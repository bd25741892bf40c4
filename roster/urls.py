from django.urls import path

from roster import views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("password/", views.password, name="password"),
    path("agreement/", views.agreement, name="agreement"),
    path("me/", views.me, name="me"),
]
