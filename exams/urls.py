from django.urls import path

from exams.worker import views

urlpatterns = [
    path("exams/", views.exams, name="exams"),
    path("exams/worker.js", views.worker, name="exam_worker"),
    path("exams/offline/", views.offline, name="exam_offline"),
    path("exams/<int:exam>/", views.exam, name="exam"),
    path("exams/<int:exam>/ready/", views.ready, name="exam_ready"),
    path("exams/<int:exam>/clock/", views.clock, name="exam_clock"),
    path("exams/try-out/", views.try_out, name="exam_try_out"),
    path("exams/attempt/<int:attempt>/again/", views.again, name="exam_again"),
    path("exams/attempt/<int:attempt>/receipts/", views.receipt_list, name="exam_receipts"),
    path("exams/attempt/<int:attempt>/", views.attempt, name="attempt"),
    path("exams/sit/<int:attempt>/<slug:act>", views.in_lane, name="exam_lane"),
    path("exams/attempt/<int:attempt>/hand-in/", views.hand_in, name="hand_in"),
    path("exams/attempt/<int:attempt>/result/", views.result, name="attempt_result"),
    path("exams/attempt/<int:attempt>/picture/<slug:key>/", views.picture, name="exam_picture"),
]
