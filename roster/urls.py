from django.urls import path

from roster import forgotten, mailbox, my_file, views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-in/who/", views.which_one, name="sign_in_who"),
    path("sign-in/forgotten/", forgotten.ask, name="forgotten"),
    path("sign-in/forgotten/code/", forgotten.code, name="forgotten_code"),
    path("sign-in/forgotten/password/", forgotten.new_password, name="forgotten_password"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("password/", views.password, name="password"),
    path("password/mailbox/", mailbox.mailbox, name="mailbox"),
    path("agreement/", views.agreement, name="agreement"),
    path("me/", views.me, name="me"),
    path("me/file/", my_file.show, name="my_file"),
    path("me/file/<slug:field>/correct/", my_file.correct, name="correct_field"),
    path("me/file/corrections/<int:correction>/withdraw/", my_file.withdraw, name="withdraw_correction"),
]
