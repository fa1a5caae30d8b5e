package import Tensors

extension DType {
  /// The dtypes whose elements have bits of their own.
  package static let unquantised = allCases.filter { !$0.isBlockQuantised }
}
