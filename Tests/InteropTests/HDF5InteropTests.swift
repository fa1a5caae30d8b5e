import StrictJSON
import TestSupport
import Testing

/// HDF5 files of Keras and of other programs are converted to units and back; h5py reads what is written.
@Suite(.enabled(if: Peers.areThere(python: true)))
struct HDF5InteropTests {
  @Test func h5pyReadsNewWeightsOfKeras() throws {
    let workshop = try Workshop()
    try workshop.script("hdf5.py", ["make", "."])
    try workshop.tessera("convert", "names.safetensors", "new.weights.h5")
    let report = try workshop.report("hdf5.py", ["judge", "names.safetensors", "new.weights.h5"])
    #expect(report["failures"] == .array([]))
    #expect(report["tensors"] == 64)
    try workshop.tessera("convert", "names.safetensors", "again.weights.h5")
    #expect(try workshop.areEqual("new.weights.h5", "again.weights.h5"), "two conversions differ")
    try workshop.tessera("validate", "--deep", "new.weights.h5")
  }

  @Test(
    arguments: [
      ("keras/small.h5", "back.h5"), ("keras/small.keras", "back.keras"), ("keras/code.keras", "back.keras"),
      ("keras/small.weights.h5", "back.weights.h5"), ("keras/trained.h5", "back.h5"),
      ("keras/trained.keras", "back.keras"), ("partial/datasets.h5", "back.h5"),
      ("partial/datasets-latest.h5", "back.hdf5"),
    ])
  func theSameFileComesBackFromUnits(_ fixture: String, _ back: String) throws {
    let workshop = try Workshop()
    let source = "\(SourceFolder.fixtures)/\(fixture)"
    try workshop.tessera("convert", source, "model.h5")
    try workshop.tessera("validate", "--deep", "model.h5")
    try workshop.tessera("convert", "model.h5", back)
    #expect(try workshop.areEqual(source, back))
    // What is no tensor was compared above, with the file.
    try workshop.tessera("diff", source, "model.h5", "--leave-out", "*")
  }
}
