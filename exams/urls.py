from django.urls import path

from exams import views

urlpatterns = [
    path("exams/", views.exams, name="exams"),
    path("exams/worker.js", views.worker, name="exam_worker"),
    path("exams/offline/", views.offline, name="exam_offline"),
    path("exams/<int:exam>/", views.exam, name="exam"),
    path("exams/attempt/<int:attempt>/", views.attempt, name="attempt"),
    path("exams/sit/<int:attempt>/<slug:act>", views.in_lane, name="exam_lane"),
    path("exams/attempt/<int:attempt>/hand-in/", views.hand_in, name="hand_in"),
    path("exams/attempt/<int:attempt>/result/", views.result, name="attempt_result"),
]
