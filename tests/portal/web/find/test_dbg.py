import pytest
from tests.portal.web.find.conftest import published
from services.search.find import find
@pytest.mark.django_db
def test_x(client):
    published("Renew a vehicle licence")
    
    for q in ("vehicle licence","vehicle","renew licence","licence vehicle","licences"): print(q,[h.matched for h in find(q,"en").results])
    assert 0
