"""Files for forms."""

from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from identity.accounts.callers import caller_of
from portal.api import bodies
from portal.api.problems import Problem
from portal.api.reading import CallThrottle
from portal.api.responses import ACTING_FOR, problems
from services.forms import files


class FileCreate(APIView):
    """Sending a file ahead of the form that names it."""

    permission_classes = [AllowAny]
    throttle_classes = [CallThrottle]
    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="create_file",
        parameters=[ACTING_FOR],
        request={
            "multipart/form-data": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}},
                "required": ["file"],
            }
        },
        responses={
            201: OpenApiResponse(bodies.FileBody, "its id goes into a form's file field"),
            **problems(400, 403, 406, 413, 415, 429),
        },
    )
    def post(self, request: Request) -> Response:
        """One file, in the part `file`; its kind is found in its bytes."""
        upload: Any = request.FILES.get("file")
        if not isinstance(upload, UploadedFile) or len(request.FILES.getlist("file")) != 1:
            raise Problem("file-missing", 400, _("Send one file, in the part named file"))
        if upload.size is not None and upload.size > settings.FILE_UPLOAD_MAX_BYTES:
            limit = settings.FILE_UPLOAD_MAX_BYTES // (1024 * 1024)
            raise Problem("file-too-large", 413, _("A file may be up to %(size)s MB") % {"size": limit})
        stored = files.store(upload, caller=caller_of(request._request))
        body = {"id": str(stored.pk), "name": stored.name, "type": stored.type, "size": stored.size}
        return Response(body, status=201)
