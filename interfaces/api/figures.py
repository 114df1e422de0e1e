"""The yearly figures."""

from fastapi import APIRouter

router = APIRouter()
