from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from courses.models import CatalogPage, CoursePage, LessonPage


def catalog(request: HttpRequest, page: CatalogPage) -> HttpResponse:
    return render(request, "courses/catalog.html", {"page": page})


def course(request: HttpRequest, page: CoursePage) -> HttpResponse:
    return render(request, "courses/course.html", {"page": page})


def lesson(request: HttpRequest, page: LessonPage) -> HttpResponse:
    return render(request, "courses/lesson.html", {"page": page})
