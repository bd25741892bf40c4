from django.urls import path

from courses import views

urlpatterns = [
    # the catalog's pages: Wagtail keeps them, our views draw them, and its own routes come after these
    path("study/", views.catalog, name="catalog"),
    path("study/<str:slug>/", views.course, name="course"),
    path("study/<str:course>/<str:slug>/", views.lesson, name="lesson"),
    path("learn/<int:lesson>/beat", views.beat, name="study_beat"),
    path("learn/<int:lesson>/finish", views.finish, name="finish_lesson"),
    path("learn/<int:lesson>/check/<str:block>", views.check, name="lesson_check"),
    path("learn/film/<int:document>/<str:name>", views.film, name="lesson_film"),
]
