internal import Glibc
internal import Tensors

/// The progress of a long operation, as a line on stderr. It is not shown in a pipe, nor within the first second.
struct ProgressBar {
  /// The unit of the counts.
  enum Unit {
    case bytes
    /// Things, given by their plural name.
    case things(String)

    func amount(_ count: Int) -> String {
      switch self {
      case .bytes: ByteCount(count).description
      case .things(let word): "\(count) \(word)"
      }
    }
  }

  private let label: String
  private let unit: Unit
  private let total: Int
  private let isShown: Bool
  private let start = ContinuousClock.now
  private var lastDrawn: ContinuousClock.Instant?

  /// - Parameter total: the last count that will be passed to `update`.
  init(_ label: String, total: Int, unit: Unit = .bytes) {
    self.label = label
    self.unit = unit
    self.total = total
    isShown = Output.errorIsTerminal && total > 0
  }

  /// Redraws the bar, at most ten times a second.
  mutating func update(_ done: Int) {
    guard isShown else { return }
    let now = ContinuousClock.now
    guard now - start > .seconds(1), lastDrawn.map({ now - $0 > .milliseconds(100) }) ?? true else { return }
    lastDrawn = now
    let fraction = min(1, Double(done) / Double(total))
    let filled = Int(fraction * 24)
    let seconds =
      Double((now - start).components.seconds) + Double((now - start).components.attoseconds) / 1e18
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
    let rate: String
    switch unit {
    case .bytes: rate = ", \(ByteCount(Int(Double(done) / seconds)))/s"
    case .things: rate = ""
    }
    let left = fraction > 0 ? Int((seconds / fraction - seconds).rounded(.up)) : 0
    let line = "\(label) \(bar) \(Int(fraction * 100)) % of \(unit.amount(total))\(rate), \(left) s left"
    // A line that wraps cannot be erased.
    Output.terminal("\r\u{1B}[K" + line.prefix(Terminal.errorWidth - 1))
  }

  /// Erases the line.
  func finish() {
    if lastDrawn != nil { Output.terminal("\r\u{1B}[K") }
  }
}
