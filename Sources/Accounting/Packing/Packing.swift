/// Several elements in one container: four bits each in bytes or in whole numbers of 32 bits.
public struct Packing: Hashable, Sendable {
  /// Elements of the weight that is packed; nil where names, shapes and dtypes do not tell, so that containers are
  /// counted.
  public let logical: Int?
  /// How it is known, or why it is not.
  public let reason: String

  init(_ logical: Int?, _ reason: String) {
    self.logical = logical
    self.reason = reason
  }

  /// The elements that `containers` of a tensor of `all` containers hold; nil where they are no whole number.
  func elements(in containers: Int, of all: Int) -> Int? {
    guard let logical else { return nil }
    if containers == all { return logical }
    let (product, overflow) = containers.multipliedReportingOverflow(by: logical)
    guard !overflow, all > 0, product % all == 0 else { return nil }
    return product / all
  }
}
