/// Several elements in one container, such as four bits each in bytes or in 32-bit integers.
public struct Packing: Hashable, Sendable {
  /// The number of elements; nil if names, shapes and dtypes do not show it. Then containers are counted.
  public let logical: Int?
  /// Where the number comes from, or why it is unknown.
  public let reason: String

  init(_ logical: Int?, _ reason: String) {
    self.logical = logical
    self.reason = reason
  }

  /// The elements in `containers` of a tensor of `all` containers; nil if that is not a whole number.
  func elements(in containers: Int, of all: Int) -> Int? {
    guard let logical else { return nil }
    if containers == all { return logical }
    let (product, overflow) = containers.multipliedReportingOverflow(by: logical)
    guard !overflow, all > 0, product % all == 0 else { return nil }
    return product / all
  }
}
