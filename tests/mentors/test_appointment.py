"""Who becomes 小教员, at which level, within whose reach, and until when."""

from datetime import timedelta

import pytest
from django.utils import timezone

from lms.refusal import Refused
from mentors import appointment
from mentors.models import Mentor
from roster.models import WorkerState


def listed(hire, city):
    hire("W0011", "甲", city.township, listed_as_mentor="county")
    hire("W0012", "乙", city.township, listed_as_mentor="township")
    hire("W0013", "丙", city.township_b, listed_as_mentor="township")
    hire("W0014", "丁", city.township, listed_as_mentor="township", state=WorkerState.LEFT)
    hire("W0015", "戊", city.township)


def appointed():
    return list(Mentor.objects.order_by("worker__number").values_list("worker__number", "level", "territory__name"))


def test_a_county_appoints_those_its_roster_lists_and_nobody_elses(hire, city, county_admin, now):
    listed(hire, city)
    assert appointment.appoint_listed(by=county_admin, now=now) == 2
    assert appointed() == [("W0011", "county", "咸安区"), ("W0012", "township", "永安街道")]
    assert appointment.appoint_listed(by=county_admin, now=now) == 0


def test_a_township_admin_appoints_nobody(hire, city, township_admin, now):
    listed(hire, city)
    assert appointment.appoint_listed(by=township_admin, now=now) == 0


def test_the_demo_appoints_the_whole_city(hire, city, now):
    listed(hire, city)
    assert appointment.appoint_listed(by=None, now=now) == 3


def test_whoever_was_ended_is_not_appointed_again_by_the_list(mentor, county_admin, now):
    appointment.end(mentor, on=timezone.localdate(now), by=county_admin, now=now)
    assert list(appointment.listed(county_admin)) == []
    assert list(Mentor.objects.serving(now=now)) == []


def test_appointing_twice_is_once_and_another_level_changes_it(worker, city, county_admin, now):
    first = appointment.appoint(worker, level="township", territory=city.township, by=county_admin, now=now)
    again = appointment.appoint(worker, level="township", territory=city.township, by=county_admin, now=now)
    raised = appointment.appoint(
        worker, level="county", territory=city.county, by=county_admin, now=now, specialities=["平台操作"]
    )
    assert first == again == raised
    assert (raised.level, raised.territory, raised.specialities) == ("county", city.county, ["平台操作"])


def test_an_ended_term_begins_anew_on_the_day_of_the_new_appointment(mentor, city, county_admin, now):
    today = timezone.localdate(now)
    appointment.end(mentor, on=today, by=county_admin, now=now)
    later = now + timedelta(days=30)
    again = appointment.appoint(mentor.worker, level="county", territory=city.county, by=county_admin, now=later)
    assert (again.pk, again.since, again.until) == (mentor.pk, today + timedelta(days=30), None)


def test_appoint_refuses_a_foreign_territory_and_people_who_left(worker, city, county_admin, now):
    with pytest.raises(Refused, match="本人所在"):
        appointment.appoint(worker, level="county", territory=city.county_b, by=county_admin, now=now)
    with pytest.raises(Refused, match="本人所在"):
        appointment.appoint(worker, level="county", territory=city.township, by=county_admin, now=now)
    worker.state = WorkerState.LEFT
    worker.save()
    with pytest.raises(Refused, match="不在岗"):
        appointment.appoint(worker, level="county", territory=city.county, by=county_admin, now=now)


def test_a_term_that_ends_later_lasts_until_then(mentor, county_admin, now):
    day = timezone.localdate(now) + timedelta(days=10)
    appointment.end(mentor, on=day, by=county_admin, now=now)
    assert Mentor.objects.serving(now=now + timedelta(days=9)).count() == 1
    assert Mentor.objects.serving(now=now + timedelta(days=10)).count() == 0


def test_a_term_cannot_end_before_it_began(mentor, county_admin, now):
    with pytest.raises(Refused, match="早于聘任日期"):
        appointment.end(mentor, on=mentor.since - timedelta(days=1), by=county_admin, now=now)
