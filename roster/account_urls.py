"""Addresses by which people guard their own account. Of allauth's only what is used, under the names that allauth looks for."""

from django.urls import path

from roster import my_account, sign_on, views

urlpatterns = [
    path("sign-in/", views.sign_in, name="account_login"),
    path("account/code/", my_account.ask_at_sign_in, name="mfa_authenticate"),
    path("account/inactive/", sign_on.inactive, name="account_inactive"),
    path("account/password/", my_account.password_again, name="account_reauthenticate"),
    path("account/second-factor/", my_account.index, name="mfa_index"),
    path("account/second-factor/set-up/", my_account.set_up, name="mfa_activate_totp"),
    path("account/second-factor/ask/", my_account.ask_again, name="mfa_reauthenticate"),
    path("account/second-factor/off/", my_account.switch_off, name="mfa_deactivate_totp"),
    path("account/second-factor/codes/", my_account.recovery_codes, name="mfa_view_recovery_codes"),
    path("account/second-factor/codes/new/", my_account.renew_codes, name="mfa_generate_recovery_codes"),
    path("account/devices/", my_account.my_devices, name="usersessions_list"),
    path("account/devices/others/end/", my_account.end_other_devices, name="end_other_devices"),
    path("account/devices/<int:device>/end/", my_account.end_device, name="end_device"),
    path("account/sign-on/", sign_on.begin, sign_on.CITY, name="openid_connect_login"),
    path("account/sign-on/back/", sign_on.back, sign_on.CITY, name="openid_connect_callback"),
    path("account/sign-on/left/", sign_on.left, name="sign_on_left"),
]
