internal import Studies
internal import Tensors
internal import UnitModel

extension StudyReport {
  /// A picture: accuracy over parameters with intervals, one panel for each task, and the front as a line.
  package var svg: String {
    var tasks: [TaskID] = []
    for point in analysis.points where point.number != nil && !tasks.contains(point.result.task) {
      tasks.append(point.result.task)
    }
    let methods = analysis.study.methods.map(\.name)
    let height = Panel.height * max(1, tasks.count) + 22 * methods.count + 20
    var text = ""
    for (place, task) in tasks.enumerated() {
      let points = analysis.points.filter { $0.result.task == task && $0.number != nil }
      text += Panel(task: task.text, points: points, methods: methods, top: Panel.height * place).svg
    }
    for (place, method) in methods.enumerated() {
      let y = Panel.height * max(1, tasks.count) + 22 * place + 16
      text += Panel.mark(place, x: "70", y: "\(y - 4)")
      text += "<text x=\"84\" y=\"\(y)\">\(Self.escaped(method))</text>\n"
    }
    return Self.picture(analysis.study.title, height: height, text)
  }

  /// A picture with a title for screen readers, a white ground and these elements.
  static func picture(_ title: String, height: Int, _ elements: String) -> String {
    """
    <svg xmlns="http://www.w3.org/2000/svg" width="720" height="\(height)" viewBox="0 0 720 \(height)" \
    font-family="sans-serif" font-size="12">
    <title>\(escaped(title))</title>
    <rect width="720" height="\(height)" fill="white"/>
    \(elements)</svg>

    """
  }

  static func escaped(_ text: String) -> String {
    // XML does not allow these characters.
    PrintableText.line(text).replacing("\u{FFFE}", with: "\u{FFFD}").replacing("\u{FFFF}", with: "\u{FFFD}")
      .replacing("&", with: "&amp;").replacing("<", with: "&lt;")
      .replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
  }
}

/// The panel of one task.
private struct Panel {
  static let height = 300
  let task: String
  let points: [StudyPoint]
  let methods: [String]
  let top: Int

  /// A colour that people with colour blindness can distinguish (Okabe and Ito); they repeat.
  static func color(_ index: Int) -> String { colors[index % colors.count] }

  private static let colors = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]

  /// The mark of a method: circles in each colour, then other shapes in the same colours.
  static func mark(_ index: Int, x: String, y: String, title: String? = nil) -> String {
    let inner = title.map { "<title>\(StudyReport.escaped($0))</title>" } ?? ""
    let paths = ["M-4.5 -4.5H4.5V4.5H-4.5Z", "M0 -6L6 0L0 6L-6 0Z", "M-5 4.5L0 -5.5L5 4.5Z"]
    guard index >= colors.count else {
      return "<circle cx=\"\(x)\" cy=\"\(y)\" r=\"5\" fill=\"\(color(index))\">\(inner)</circle>"
    }
    let path = paths[(index / colors.count - 1) % paths.count]
    return "<path transform=\"translate(\(x) \(y))\" d=\"\(path)\" fill=\"\(color(index))\">\(inner)</path>"
  }

  /// The ends of the parameter axis. It begins at 0, or just below the smallest number if all numbers are of similar
  /// size.
  private var range: (first: Double, last: Double) {
    let numbers = points.compactMap(\.number).map(Double.init)
    guard let least = numbers.min(), let most = numbers.max(), least > most / 2 else {
      return (0, max(1, numbers.max() ?? 1))
    }
    let room = max((most - least) * 0.15, most * 0.01, 1)
    return ((least - room).rounded(.down), (most + room).rounded(.up))
  }

  var svg: String {
    let intervals = points.map { point in
      let interval = point.seedInterval ?? point.testInterval
      return (low: interval?.low ?? point.sample.mean, high: interval?.high ?? point.sample.mean)
    }
    let low = intervals.map(\.low).min() ?? 0
    let high = intervals.map(\.high).max() ?? 1
    let span = max(high - low, 1e-6)
    let (first, last) = range
    func x(_ point: StudyPoint) -> String {
      StudyReport.decimals(70 + 600 * (Double(point.number ?? 0) - first) / (last - first), 1)
    }
    func y(_ accuracy: Double) -> String {
      StudyReport.decimals(Double(top) + 250 - 200 * (accuracy - low) / span, 1)
    }
    var text = "<g stroke=\"#888\" fill=\"none\"><path d=\"M70 \(top + 40)V\(top + 260)H680\"/></g>\n"
    text += "<text x=\"70\" y=\"\(top + 24)\" font-weight=\"bold\">\(StudyReport.escaped(task))</text>\n"
    text += "<text x=\"64\" y=\"\(y(low))\" text-anchor=\"end\">\(StudyReport.percent(low)) %</text>"
    text += "<text x=\"64\" y=\"\(y(high))\" text-anchor=\"end\">\(StudyReport.percent(high)) %</text>\n"
    text +=
      "<text x=\"670\" y=\"\(top + 278)\" text-anchor=\"end\">\(Int(last).grouped) parameters</text>"
    text += "<text x=\"70\" y=\"\(top + 278)\">\(Int(first).grouped)</text>\n"
    let front = points.filter(\.isOnFront).sorted { ($0.number ?? 0) < ($1.number ?? 0) }
    let line = front.map { "\(x($0)),\(y($0.sample.mean))" }.joined(separator: " ")
    text += "<polyline points=\"\(line)\" fill=\"none\" stroke=\"#888\" stroke-dasharray=\"4 3\"/>\n"
    for (point, interval) in zip(points, intervals) {
      let method = methods.firstIndex(of: point.result.method) ?? 0
      text += "<path d=\"M\(x(point)) \(y(interval.low))V\(y(interval.high))\""
      text += " stroke=\"\(Self.color(method))\"/>"
      let title =
        "\(point.name): \((point.number ?? 0).grouped) parameters, \(StudyReport.percent(point.sample.mean)) %"
      text += Self.mark(method, x: x(point), y: y(point.sample.mean), title: title) + "\n"
    }
    return text
  }
}
