from django.urls import URLPattern, path

from records import views

urlpatterns: list[URLPattern] = [
    path("records/", views.my_records, name="my_records"),
    path("records/hours/", views.my_hours, name="my_hours"),
    path("records/exams/", views.my_exams, name="my_exams"),
    path("records/work/", views.my_work, name="my_work"),
    path("records/certificates/<str:number>.png", views.certificate_image, name="certificate_image"),
    path("records/certificates/<str:number>/", views.certificate, name="certificate"),
    path("records/assessment/<int:year>/", views.my_assessment, name="my_assessment"),
    path("records/assessment/<int:year>/<int:line>/", views.my_evidence, name="my_evidence"),
    path("check/<str:token>/", views.certificate_check, name="certificate_check"),
    path("bulletin/", views.bulletin, name="bulletin"),
    path("bulletin.xlsx", views.bulletin_xlsx, name="bulletin_xlsx"),
]
