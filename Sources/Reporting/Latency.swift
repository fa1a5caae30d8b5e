internal import StrictJSON

/// The times of several runs.
package struct Latency: Sendable {
  /// The times in seconds, ascending.
  private let seconds: [Double]

  package init(_ durations: [Duration]) {
    seconds = durations.map {
      Double($0.components.seconds) + Double($0.components.attoseconds) * 1e-18
    }.sorted()
  }

  /// The number of runs.
  var count: Int { seconds.count }
  var minimum: Double { seconds.first ?? 0 }
  var maximum: Double { seconds.last ?? 0 }
  /// The middle time, or the mean of the two middle ones.
  var median: Double {
    guard let last = seconds.indices.last else { return 0 }
    return (seconds[last / 2] + seconds[(last + 1) / 2]) / 2
  }

  var json: JSONValue {
    object([("min", .number(minimum)), ("median", .number(median)), ("max", .number(maximum))])
  }

  /// Milliseconds with two decimals: "12.34".
  static func milliseconds(_ seconds: Double) -> String { decimal(seconds * 1000, places: 2) }

  static func decimal(_ number: Double, places: Int) -> String {
    let scale = (0..<places).reduce(1) { scale, _ in scale * 10 }
    let units = Int((number * Double(scale)).rounded())
    let rest = String(units % scale)
    return "\(units / scale)." + String(repeating: "0", count: max(0, places - rest.count)) + rest
  }
}
