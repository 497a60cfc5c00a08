"""Seeding: data that looks like a live queue's, the same for the same plan, proved to obey the schema's rules."""

from virtualq_core.seeding.dataset import Dataset
from virtualq_core.seeding.load import Progress, load, read_dataset, seed
from virtualq_core.seeding.plan import DEFAULT_LOCALES, DEFAULT_NOW, SeedPlan
from virtualq_core.seeding.verify import UnsoundData, Violation, verify

__all__ = [
    "DEFAULT_LOCALES",
    "DEFAULT_NOW",
    "Dataset",
    "Progress",
    "SeedPlan",
    "UnsoundData",
    "Violation",
    "load",
    "read_dataset",
    "seed",
    "verify",
]
