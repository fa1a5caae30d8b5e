import TestSupport
import Validation

extension RuleFixture {
  /// A file of Keras or any HDF5 file, with a change.
  private static func hdf5(
    _ rule: RuleID, _ label: String, _ fixture: String, severity: Severity = .error, as name: String? = nil,
    says words: String..., by change: @escaping @Sendable (inout [UInt8]) -> Void = { _ in }
  ) -> RuleFixture {
    RuleFixture(rule: rule, severity: severity, label: "HDF5: \(label)", words: words) { folder in
      var bytes = try TemporaryFolder.bytes(of: "\(SourceFolder.fixtures)/\(fixture)")
      change(&bytes)
      return try folder.write(bytes, as: name ?? String(fixture.split(separator: "/").last ?? ""))
    }
  }

  /// Files that h5py and Keras read without a message.
  static let keras = [
    hdf5(.links, "data of another file", "partial/datasets.h5", says: "'outside'", "external link"),
    hdf5(.links, "raw data of another file", "partial/datasets.h5", says: "'raw'", "external storage"),
    hdf5(.links, "a virtual dataset", "partial/datasets-latest.h5", says: "'virtual'", "virtual dataset"),
    hdf5(.links, "a soft link", "partial/datasets.h5", severity: .warning, says: "'soft'", "'/plain/f8'"),
    hdf5(.unexamined, "text", "partial/datasets.h5", severity: .warning, says: "'words'", "string"),
    hdf5(.unexamined, "an optimizer", "keras/trained.h5", severity: .note, says: "'optimizer_weights'"),
    hdf5(.modelCode, "a Lambda layer", "keras/code.keras", says: "__lambda__"),
    hdf5(
      .modelCode, "a Lambda layer of an older file", "keras/code.h5", says: "attribute model_config", "code"),
    hdf5(.modelCode, "a class of another module", "keras/code.keras", severity: .warning, says: "Doubled"),
    hdf5(.format, "named safetensors", "partial/datasets.h5", as: "m.safetensors", says: "hdf5"),
    hdf5(.format, "no file of Keras", "partial/datasets.h5", as: "m.weights.h5", says: "keras", "hdf5"),
    hdf5(.memberChecksum, "a changed byte of an archive", "keras/small.keras", says: "CRC-32") { bytes in
      // The last bytes before the directory are those of the HDF5 file.
      if let place = bytes.firstRange(of: Array("PK\u{1}\u{2}".utf8)) { bytes[place.lowerBound - 1] ^= 1 }
    },
  ]
}
