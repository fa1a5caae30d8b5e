internal import Accounting
internal import UnitModel

/// Accuracies as comma-separated values: a line of titles, then one line for each seed.
///
/// Titles: method, task, accuracy; optional: level, seed, test_size, task_in_file. Quotes as in RFC 4180.
enum AccuracyTable {
  private static let titles = ["method", "task", "task_in_file", "level", "seed", "accuracy", "test_size"]

  /// - Parameter methods: the names of the methods in the study; nil if a method may have any name, or none.
  static func results(
    in bytes: [UInt8], path: String, scale: Double, methods: [String]?
  ) throws(AccountingError) -> [Study.Result] {
    // Errors of a list that is a file of its own have the file's name already.
    func line(_ number: Int) -> String { path.isEmpty ? "line \(number)" : "\(path), line \(number)" }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .outOfRange(
        place: path.isEmpty ? "results" : path, expected: "UTF-8 text", found: "bytes that are not UTF-8")
    }
    // Spreadsheet programs may write a byte order mark at the start.
    let scalars = Array(text.unicodeScalars)
    let rows = try self.rows(scalars.first == "\u{FEFF}" ? Array(scalars.dropFirst()) : scalars, path)
    guard let header = rows.first else {
      throw .outOfRange(
        place: path.isEmpty ? "results" : path, expected: "a line of titles", found: "nothing")
    }
    for title in header.cells where !titles.contains(title) {
      throw .unknownMember(
        place: line(1), key: title, nearest: nearestName(to: title, among: titles), keys: titles)
    }
    for title in ["method", "task", "accuracy"]
    where (title != "method" || methods != nil) && !header.cells.contains(title) {
      throw .missingMember(place: line(1), key: title)
    }
    var seen: Set<String> = []
    if let title = header.cells.first(where: { !seen.insert($0).inserted }) {
      throw .outOfRange(place: line(1), expected: "each title once", found: "'\(title)' twice")
    }
    var groups = Groups(methods: methods)
    for row in rows.dropFirst() {
      try add(row, header.cells, line(row.line), scale, to: &groups)
    }
    return groups.list.map(\.result)
  }

  private struct Key: Hashable {
    let method: String
    let task: String
    let taskInFile: String
    let level: Int?
  }

  private struct Group {
    let key: Key
    let testSize: Int?
    var values: [(seed: Int?, value: Double)] = []
    var seeds: Set<Int> = []

    var result: Study.Result {
      let seeds = values.compactMap(\.seed)
      let hasSeeds = seeds.count == values.count
      let sorted = hasSeeds ? values.sorted { ($0.seed ?? 0) < ($1.seed ?? 0) } : values
      return Study.Result(
        method: key.method, task: TaskID(key.task), taskInFile: TaskID(key.taskInFile),
        level: key.level.map { LevelNumber($0) }, accuracies: sorted.map(\.value),
        seeds: hasSeeds ? sorted.compactMap(\.seed) : nil, testSize: testSize)
    }
  }

  private struct Groups {
    let methods: [String]?
    let known: Set<String>
    var list: [Group] = []
    var places: [Key: Int] = [:]

    init(methods: [String]?) {
      self.methods = methods
      known = Set(methods ?? [])
    }

    mutating func place(of key: Key, testSize: Int?) -> Int {
      if let place = places[key] { return place }
      places[key] = list.count
      list.append(Group(key: key, testSize: testSize))
      return list.count - 1
    }
  }

  private static func add(
    _ row: (line: Int, cells: [String]), _ titles: [String], _ place: String, _ scale: Double,
    to groups: inout Groups
  ) throws(AccountingError) {
    guard row.cells.count == titles.count else {
      throw .outOfRange(place: place, expected: "\(titles.count) cells", found: "\(row.cells.count)")
    }
    func cell(_ title: String) -> String {
      titles.firstIndex(of: title).map { row.cells[$0] } ?? ""
    }
    func whole(_ title: String) throws(AccountingError) -> Int? {
      let text = cell(title)
      if text.isEmpty { return nil }
      guard let number = Int(text), title == "seed" || (1...1_000_000_000).contains(number) else {
        throw .outOfRange(
          place: "\(place): \(title)", expected: "a whole number", found: "'\(text.prefix(40))'")
      }
      return number
    }
    guard let value = Double(cell("accuracy")), (0...scale).contains(value) else {
      throw .outOfRange(
        place: "\(place): accuracy", expected: "a number from 0 to \(Int(scale))",
        found: "'\(cell("accuracy").prefix(40))'")
    }
    let method = cell("method")
    if let methods = groups.methods, !groups.known.contains(method) {
      throw .unknownMember(
        place: "\(place): method", key: method, nearest: nearestName(to: method, among: methods),
        keys: methods)
    }
    let inFile = cell("task_in_file")
    let key = Key(
      method: method, task: cell("task"), taskInFile: inFile.isEmpty ? cell("task") : inFile,
      level: try whole("level"))
    let testSize = try whole("test_size")
    let seed = try whole("seed")
    let index = groups.place(of: key, testSize: testSize)
    guard groups.list[index].testSize == testSize else {
      func words(_ size: Int?) -> String { size.map(String.init) ?? "none" }
      throw .outOfRange(
        place: "\(place): test_size",
        expected: "that of the method's other seeds, \(words(groups.list[index].testSize))",
        found: words(testSize))
    }
    if let seed, !groups.list[index].seeds.insert(seed).inserted {
      throw .outOfRange(place: "\(place): seed", expected: "each seed once", found: "\(seed) again")
    }
    groups.list[index].values.append((seed, value / scale))
    if groups.list[index].values.count > Study.seedLimit {
      throw .outOfRange(place: place, expected: "at most \(Study.seedLimit) seeds", found: "more")
    }
  }

  /// The cells of every line that is not empty.
  private static func rows(
    _ text: [Unicode.Scalar], _ path: String
  ) throws(AccountingError) -> [(line: Int, cells: [String])] {
    var rows: [(line: Int, cells: [String])] = []
    var cells: [String] = []
    var cell = ""
    var isQuoted = false
    var line = 1
    var start = 1
    var index = 0
    func end() {
      cells.append(cell)
      if cells != [""] { rows.append((start, cells)) }
      cells = []
      cell = ""
    }
    while index < text.count {
      let scalar = text[index]
      if scalar == "\n" { line += 1 }
      if isQuoted {
        if scalar == "\"", index + 1 < text.count, text[index + 1] == "\"" {
          cell.unicodeScalars.append(scalar)
          index += 1
        } else if scalar == "\"" {
          isQuoted = false
        } else {
          cell.unicodeScalars.append(scalar)
        }
      } else if scalar == "\"", cell.isEmpty {
        isQuoted = true
      } else if scalar == "," {
        cells.append(cell)
        cell = ""
      } else if scalar == "\n" {
        end()
        start = line
      } else if scalar != "\r" {
        cell.unicodeScalars.append(scalar)
      }
      index += 1
    }
    if isQuoted {
      let place = path.isEmpty ? "line \(start)" : "\(path), line \(start)"
      throw .outOfRange(place: place, expected: "a closing quote", found: "none")
    }
    end()
    return rows
  }
}
