"""Open exports in the real QGIS: every layer valid, counted, in its style, its form as it should be; and a picture.

It needs QGIS and the system's Python, not an environment's; on Debian: apt-get install -y qgis python3-qgis.

    imagery-diff export RUN --qgis -o out
    /usr/bin/python3 benchmarks/open_in_qgis.py out/regions.qgs --picture out.png

Prints a row a layer and ends with 1 if anything is not as it should be.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# QGIS would leave its statistics beside the images.
os.environ["GDAL_PAM_ENABLED"] = "NO"

try:
    from qgis.core import (
        Qgis,
        QgsApplication,
        QgsCategorizedSymbolRenderer,
        QgsMapLayerType,
        QgsMapRendererParallelJob,
        QgsMapSettings,
        QgsProject,
        QgsProviderRegistry,
        QgsRectangle,
        QgsVectorLayer,
    )
    from qgis.PyQt.QtCore import QSize
    from qgis.PyQt.QtGui import QColor
except ImportError:  # main() says what is needed
    QgsApplication = None

EDITABLE = {"review", "note"}
STYLES = {"regions": 3, "zones": 6, "look at": 1, "events": 12, "observations": 4}
"""Layer -> how many kinds of line its style has; a layer without a style of ours has none."""


def faults_of(layer: Any) -> list[str]:
    """Say what of a layer of the project is not as it should be."""
    if not layer.isValid():
        return ["not valid"]
    faults = [] if layer.crs().isValid() else ["no coordinate system"]
    if layer.type() == QgsMapLayerType.RasterLayer:
        wanted = "singlebandpseudocolor" if "evidence" in layer.id() else "multibandcolor"
        return faults + ([] if layer.renderer().type() == wanted else [f"drawn as {layer.renderer().type()}"])
    return faults + _vector_faults(layer)


def _vector_faults(layer: Any) -> list[str]:
    faults = []
    renderer = layer.renderer()
    if not isinstance(renderer, QgsCategorizedSymbolRenderer) or len(renderer.categories()) != STYLES[layer.name()]:
        faults.append(f"style not ours: {renderer.type()}")
    form = layer.editFormConfig()
    editable = {f.name() for i, f in enumerate(layer.fields()) if not form.readOnly(i)}
    if editable != EDITABLE & {f.name() for f in layer.fields()}:
        faults.append(f"editable: {sorted(editable)}")
    if "review" in editable and layer.editorWidgetSetup(layer.fields().indexOf("review")).type() != "ValueMap":
        faults.append("review is no list")
    if not layer.labelsEnabled():
        faults.append("no labels")
    if layer.name() in {"events", "observations"} and not layer.temporalProperties().isActive():
        faults.append("no times")
    without = sum(
        1 for feature in layer.getFeatures() if feature.hasGeometry() and not feature.geometry().isGeosValid()
    )
    return faults + ([f"{without} outlines not valid"] if without else [])


def stored_styles(folder: Path) -> dict[str, str]:
    """Load each layer of each GeoPackage by itself, and say how its stored style draws it."""
    found = {}
    for path in sorted(folder.glob("*.gpkg")):
        metadata = QgsProviderRegistry.instance().providerMetadata("ogr")
        for part in metadata.querySublayers(str(path)):
            if part.name() == "layer_styles":
                continue
            layer = QgsVectorLayer(part.uri(), part.name(), "ogr")
            found[f"{path.name}:{part.name()}"] = _style_words(layer)
    for path in sorted(folder.glob("*.geojson")):
        found[path.name] = _style_words(QgsVectorLayer(str(path), path.stem, "ogr"))
    return found


def _style_words(layer: Any) -> str:
    return f"{layer.renderer().type()}, {len(layer.renderer().categories())} kinds"


def edit(path: Path) -> str:
    """Write a verdict and a note into a copy, as a person does."""
    layer = QgsVectorLayer(f"{path}|layername={path.stem}", path.stem, "ogr")
    feature = next(layer.getFeatures(), None)
    if feature is None:
        return "nothing to edit"
    layer.startEditing()
    for name, value in (("review", "accepted"), ("note", "seen")):
        layer.changeAttributeValue(feature.id(), layer.fields().indexOf(name), value)
    return "written" if layer.commitChanges() else f"not written: {layer.commitErrors()}"


def picture(project: Any, target: Path, bounds: list[float] | None, size: tuple[int, int]) -> None:
    """Draw what the project shows at first, or a part of it."""
    settings = QgsMapSettings()
    root = project.layerTreeRoot()
    settings.setLayers([node.layer() for node in root.findLayers() if node.isVisible()])
    settings.setDestinationCrs(project.crs())
    settings.setExtent(QgsRectangle(*bounds) if bounds else project.viewSettings().defaultViewExtent())
    settings.setOutputSize(QSize(*size))
    settings.setOutputDpi(120)
    settings.setBackgroundColor(QColor("white"))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    job.renderedImage().save(str(target))


def main() -> int:
    """Open, check, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=Path)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--bounds", type=float, nargs=4, help="xmin ymin xmax ymax of the picture")
    parser.add_argument("--edit", action="store_true", help="write a verdict into the GeoPackage: give a copy")
    words = parser.parse_args()
    if QgsApplication is None:
        print("QGIS is not here for this Python: apt-get install -y qgis python3-qgis, then use /usr/bin/python3")
        return 1
    QgsApplication.setPrefixPath("/usr", True)  # noqa: FBT003 - Qt's own
    application = QgsApplication([], False)  # noqa: FBT003
    application.initQgis()
    project = QgsProject.instance()
    bad = 0 if project.read(str(words.project)) and project.crs().isValid() else 1
    print(f"QGIS {Qgis.QGIS_VERSION}: {words.project.name}: {project.title()}, {project.crs().authid()}")
    for layer in (node.layer() for node in project.layerTreeRoot().findLayers()):
        faults = faults_of(layer) if layer else ["not there"]
        bad += bool(faults)
        count = layer.featureCount() if layer and layer.type() == QgsMapLayerType.VectorLayer else "raster"
        print(f"  {layer.name() if layer else '?':45} {count!s:>8}  {'; '.join(faults) or 'ok'}")
    for name, style in stored_styles(words.project.parent).items():
        bad += "categorizedSymbol" not in style
        print(f"  style stored with {name:27} {style}")
    print(f"  credit on the canvas: {project.readEntry('CopyrightLabel', '/Label')[0]}")
    span = project.timeSettings().temporalRange()
    if not span.isInfinite():
        print(f"  times: {span.begin().toString('yyyy-MM-ddTHH:mm')} to {span.end().toString('yyyy-MM-ddTHH:mm')}")
    if words.edit:
        print(f"  review and note: {edit(words.project.with_suffix('.gpkg'))}")
    if words.picture:
        picture(project, words.picture, words.bounds, (1600, 1600))
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
