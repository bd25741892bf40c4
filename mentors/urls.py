from django.urls import path

from mentors import views

urlpatterns = [
    path("marking/", views.marking, name="marking"),
    path("marking/next/", views.marking_next, name="marking_next"),
    path("marking/<str:key>/", views.marking_claim, name="marking_claim"),
    path("marking/<str:key>/picture/", views.marking_picture, name="marking_picture"),
]
