"""The part of :class:`Dataset` that keeps certificates: what audits of its masks have shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from ...core.certificate import Certificate, Certifying
from ...core.errors import DataError, StorageError
from ..certificates.files import read_certificates, write_certificate
from ..certificates.table import certificates_table, certified, changes


class Certified:
    """Certificates of a dataset; they lie beside its versions, and no checkout changes them."""

    if TYPE_CHECKING:

        @property
        def folder(self) -> Path: ...  # noqa: D102  # of Dataset

        @property
        def instances(self) -> pd.DataFrame: ...  # noqa: D102  # of Dataset

        def _check_writable(self) -> None: ...

    @property
    def certificates(self) -> pd.DataFrame:
        """What audits have shown, one row per certificate, oldest first.

        Columns name, what, made (UTC), who, n_rows, n_answers, target (missing for an estimate), alpha,
        lower, upper (share right, 0..1), statement, version, dirty (whether there was uncommitted work on top
        of the version), stale, why. A certificate is stale once a row of its set was removed or has another
        image, label or mask. Where these are all rows that were answered wrong, and no others, it is not
        stale, and the row is about the masks left. Rows that are new since are in no set.
        """
        return certificates_table(read_certificates(self.folder), lambda: self.instances)

    def certify(self, audit: Certifying, name: str | None = None) -> Certificate:
        """Keep what an audit has shown, as it stands now; :attr:`certificates` lists it.

        Args:
            audit: what :func:`nbalabel.audit` returned, or another audit of this dataset.
            name: name of the set; default: that of the audit.

        Raises:
            DataError: it is no audit, or none of its masks are in this dataset.
            ReadOnlyError: this is a copy in another process, or the folder cannot be written.
        """
        if not isinstance(audit, Certifying):
            raise DataError(f"expected an audit, a = nl.audit(ds), got {type(audit).__name__}")
        self._check_writable()
        made = audit.to_certificate(name)
        n = len(made.rows) if made.table == "instances" else 0
        if n and len(changes(made, self.instances)[0]) == n:
            raise DataError(f"none of the {n:,} masks of {made.name} are in {self.folder}")
        write_certificate(self.folder, made)
        return made

    def _certified(self) -> list[str]:
        """The newest certificates as texts for the card; why they cannot be read, where that is so."""
        try:
            return certified(self.certificates)
        except StorageError as error:
            return [str(error)]
