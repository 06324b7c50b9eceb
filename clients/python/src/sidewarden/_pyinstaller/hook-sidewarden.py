"""Brings the sidecar's JavaScript along: no import tells of it."""

from PyInstaller.utils.hooks import collect_data_files  # pyright: ignore

datas = collect_data_files("sidewarden")  # pyright: ignore
