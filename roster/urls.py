from django.urls import path

from roster import account_urls, cms_notices, forgotten, mailbox, my_data, my_file, sign_on, views

urlpatterns = [
    *account_urls.urlpatterns,
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-in/who/", views.which_one, name="sign_in_who"),
    path("sign-in/forgotten/", forgotten.ask, name="forgotten"),
    path("sign-in/forgotten/code/", forgotten.code, name="forgotten_code"),
    path("sign-in/forgotten/password/", forgotten.new_password, name="forgotten_password"),
    path("sign-out/", sign_on.sign_out, name="sign_out"),
    path("password/", views.password, name="password"),
    path("password/mailbox/", mailbox.mailbox, name="mailbox"),
    path("agreement/", views.agreement, name="agreement"),
    path("notice/", cms_notices.notice, name="notice"),
    path("me/", views.me, name="me"),
    path("me/looked-at/", my_data.who_looked, name="looked_at"),
    path("me/data/", my_data.take_home, name="my_data"),
    path("me/file/", my_file.show, name="my_file"),
    path("me/file/<slug:field>/correct/", my_file.correct, name="correct_field"),
    path("me/file/corrections/<int:correction>/withdraw/", my_file.withdraw, name="withdraw_correction"),
]
