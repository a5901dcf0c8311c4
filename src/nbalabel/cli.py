"""The command line: inspect a dataset folder, convert between formats, generate the demo dataset."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import nbalabel as nl

from .core.errors import NbalabelError

if TYPE_CHECKING:
    from .data.tables.tables import Tables

FORMATS = ("coco", "yolo", "labelme", "label-maps", "instance-masks", "semantic")
_EXAMPLES = """examples:
  nbalabel demo reef.nbal                                  generate the underwater demo dataset
  nbalabel info reef.nbal                                  what is in it
  nbalabel import coco instances.json cells.nbal --images images/
  nbalabel export cells.nbal yolo out/                     a folder ultralytics can train on
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status (0 success, 1 an nbalabel error, 2 wrong usage)."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except NbalabelError as error:
        print(f"nbalabel: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nbalabel",
        description="Look into dataset folders and convert them. The labeling itself happens in a notebook.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"nbalabel {nl.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_demo(commands)
    _add_inspect(commands)
    _add_convert(commands)
    return parser


def _add_demo(commands: argparse._SubParsersAction) -> None:
    demo = commands.add_parser("demo", help="generate the underwater demo dataset")
    demo.add_argument(
        "folder", type=Path, nargs="?", default=Path("reef.nbal"), help="where (default: reef.nbal)"
    )
    demo.add_argument(
        "--images",
        type=int,
        default=600,
        metavar="N",
        help="how many images, a tenth of them for testing (default: 600)",
    )
    demo.add_argument(
        "--labeled", type=int, default=24, metavar="N", help="how many of them are labeled (default: 24)"
    )
    demo.add_argument("--size", type=int, default=192, metavar="PX", help="width and height (default: 192)")
    demo.add_argument("--seed", type=int, default=0, help="the same seed makes the same dataset (default: 0)")
    demo.set_defaults(run=_demo)


def _add_inspect(commands: argparse._SubParsersAction) -> None:
    info = commands.add_parser("info", help="images, labels, states and the current version of a dataset")
    info.add_argument("folder", type=Path)
    info.set_defaults(run=_info)
    log = commands.add_parser("log", help="every change, newest first")
    log.add_argument("folder", type=Path)
    log.add_argument("-n", type=int, default=20, help="how many changes (default: 20)")
    log.set_defaults(run=_log)


def _add_convert(commands: argparse._SubParsersAction) -> None:
    importer = commands.add_parser("import", help="read a foreign format into a new dataset folder")
    importer.add_argument("format", choices=FORMATS)
    importer.add_argument("source", type=Path, help="the annotation file, or the folder of masks or labels")
    importer.add_argument("folder", type=Path, help="the dataset folder to create")
    importer.add_argument("--images", type=Path, help="folder of the images")
    importer.add_argument(
        "--unannotated",
        choices=("unlabeled", "empty"),
        default="unlabeled",
        help="state of an image without labels: not labeled yet (default), or verified to show nothing",
    )
    importer.set_defaults(run=_import)
    exporter = commands.add_parser("export", help="write a dataset folder in a foreign format")
    exporter.add_argument("folder", type=Path)
    exporter.add_argument("format", choices=FORMATS)
    exporter.add_argument("target", type=Path, help="the file (coco) or folder to write")
    exporter.set_defaults(run=_export)


def _demo(options: argparse.Namespace) -> None:
    ds = nl.demo.reef(
        options.folder,
        n_images=options.images,
        n_labeled=options.labeled,
        n_test=options.images // 10,
        size=options.size,
        seed=options.seed,
    )
    _print_info(ds)
    print(f"\nOpen it in a notebook:\n  import nbalabel as nl\n  ds = nl.open({str(options.folder)!r})")


def _info(options: argparse.Namespace) -> None:
    with nl.open(options.folder) as ds:
        _print_info(ds)


def _print_info(ds: nl.Dataset) -> None:
    states = ", ".join(f"{n} {state}" for state, n in ds.images["state"].value_counts().items() if n)
    labels = ", ".join(f"{label} {n}" for label, n in ds.instances["label"].value_counts(sort=False).items())
    newest = ds.versions.iloc[-1]
    rows = {
        "dataset": ds.folder,
        "images": f"{len(ds.images):,} ({states or 'none'}), {int((ds.images['weight'] > 0).sum()):,} train",
        "instances": f"{len(ds.instances):,} ({labels or 'none'})",
        "versions": f"{len(ds.versions)}, newest: {newest['message']!r} by {newest['author']}",
        "version": ds.version_id,
        "uncommitted": str(ds.status()) if ds.status() else "nothing",
    }
    for name, value in rows.items():
        print(f"{name:<12} {value}")


def _log(options: argparse.Namespace) -> None:
    with nl.open(options.folder) as ds:
        print(ds.log().head(options.n).to_string())


def _import(options: argparse.Namespace) -> None:
    with _read(options).save(options.folder, message=f"import {options.source.name}") as ds:
        _print_info(ds)


def _read(options: argparse.Namespace) -> Tables:
    source, images, unannotated = options.source, options.images, options.unannotated
    if options.format == "coco":
        return nl.read_coco(source, images=images, unannotated=unannotated)
    if options.format == "yolo":
        return nl.read_yolo(source)
    if options.format == "labelme":
        return nl.read_labelme(source)
    if images is None:
        raise nl.errors.FormatError(f"importing {options.format} needs the images too: add --images FOLDER")
    if options.format == "label-maps":
        return nl.read_label_maps(images, source)
    if options.format == "instance-masks":
        return nl.read_instance_masks(images, source)
    return nl.read_semantic(images, source)


def _export(options: argparse.Namespace) -> None:
    write = getattr(nl, f"write_{options.format.replace('-', '_')}")
    with nl.open(options.folder) as ds:
        print(write(ds, options.target))
