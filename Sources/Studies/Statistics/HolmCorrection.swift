/// Holm's step-down correction for many comparisons.
public enum Holm {
  /// Adjusted p-values in the order of the originals. Each can be compared with alpha like the p-value of a single
  /// test.
  public static func adjusted(_ pValues: [Double]) -> [Double] {
    let order = pValues.indices.sorted { pValues[$0] < pValues[$1] }
    var adjusted = pValues
    var largest = 0.0
    for (place, index) in order.enumerated() {
      largest = max(largest, min(1, Double(pValues.count - place) * pValues[index]))
      adjusted[index] = largest
    }
    return adjusted
  }
}
