package import Accounting
package import Tensors
package import UnitModel
package import Validation

/// A `tessera.toml`: the rules that a project has for its files.
package struct ProjectDocument: Sendable {
  /// The value of `format`.
  package static let format = "tessera.project/1"
  /// The entries of `[[files]]`; every entry whose pattern matches a file applies to it.
  package var files: [Entry] = []

  /// The rules for the files that a pattern matches. A rule that is nil or empty is not checked.
  package struct Entry: Sendable {
    package let match: PathPattern
    /// The formats that the files may have, as `validate` prints them.
    package var formats: [String]?
    package var dtypes: [Tensors.DType]?
    package var required: [TensorPattern] = []
    package var forbidden: [TensorPattern] = []
    /// The most bytes of a file.
    package var largestFile: Int?
    package var nonFinite: NonFiniteGate?
    package var allowGlobals: GlobalAllowList?
    package var sha256: SHA256Digest?
    package var counts: [Count] = []
  }

  /// Tensors by name, and the form that they must have.
  package struct TensorPattern: Sendable {
    package let match: NamePattern
    /// The extent of each dimension; nil where any is right.
    package var shape: [Int?]?
    package var dtype: Tensors.DType?

    /// Whether a tensor that the pattern names has the shape and the dtype.
    func fits(_ spec: TensorSpec) -> Bool {
      if let dtype, spec.dtype != dtype { return false }
      guard let shape else { return true }
      return shape.count == spec.shape.count && zip(shape, spec.shape).allSatisfy { $0 == nil || $0 == $1 }
    }

    /// "shape [256, *] and dtype F32"; empty if any form is right.
    var form: String {
      [
        shape.map { "shape [\($0.map { $0.map(String.init) ?? "*" }.joined(separator: ", "))]" },
        dtype.map { "dtype \($0.rawValue)" },
      ].compactMap(\.self).joined(separator: " and ")
    }
  }

  /// The largest and the smallest count of sub-networks.
  package struct Count: Sendable {
    /// nil for the policy that the plan names.
    package var policy: CountingPolicy?
    package var task: String?
    /// A number or a name.
    package var level: String?
    package var largest: Budget?
    package var smallest: Budget?
  }
}
