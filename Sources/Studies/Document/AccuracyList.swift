public import Accounting
internal import StrictJSON
public import UnitModel

/// The accuracies of one method's sub-networks, in the form of a study's results.
public struct AccuracyList: Sendable {
  /// The accuracy of one sub-network.
  public struct Item: Sendable {
    /// The task's name in the file.
    public let task: TaskID
    /// The level's number.
    public let level: LevelNumber
    /// The accuracies as fractions.
    public let sample: Sample
    /// The 95 % interval: over seeds, or at N = 1 that of the test set; nil if neither is known.
    public let interval: Interval?
    /// Whether the interval is that of the test set.
    public let isOfTestSet: Bool
  }

  /// The accuracies in the order of the file.
  public let items: [Item]

  /// Parses a CSV file, a list of results, or an object with `results` and `accuracy_in`.
  ///
  /// The columns and members are those of a study (`schemas/study.schema.json`), without `method` or with one method.
  /// Throws the cases of `AccountingError` for documents.
  public init(parsing bytes: [UInt8]) throws(AccountingError) {
    let isJSON = bytes.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }.map { $0 == 0x7B || $0 == 0x5B }
    let (results, isInPercent) =
      isJSON ?? false
      ? try Self.results(parsing: bytes)
      : (try AccuracyTable.results(in: bytes, path: "", scale: 100, methods: nil), true)
    guard (1...Study.resultLimit).contains(results.count) else {
      throw .outOfRange(
        place: "results", expected: "1 to \(Study.resultLimit) results", found: "\(results.count)")
    }
    if let other = results.first(where: { $0.method != results[0].method }) {
      throw .outOfRange(
        place: "method", expected: "one method, '\(JSONWriter.escaped(results[0].method))'",
        found: "'\(JSONWriter.escaped(other.method))'; a study of several is for 'tessera compare'")
    }
    if isInPercent { try Study.requirePercent(results) }
    var known: Set<Study.Result.Subject> = []
    items = try results.map { (result) throws(AccountingError) in
      let place = "task '\(JSONWriter.escaped(result.taskInFile.text))'"
      guard let level = result.level else {
        throw .missingMember(place: place, key: "level")
      }
      guard known.insert(result.subject).inserted, let sample = Sample(result.accuracies) else {
        throw .outOfRange(place: place, expected: "each level once", found: "level \(level) again")
      }
      let size = sample.count == 1 ? result.testSize : nil
      let ofTestSet = size.map { size in
        BinomialInterval.clopperPearson(
          Int((sample.mean * Double(size)).rounded()), of: size, confidence: 0.95)
      }
      return Item(
        task: result.taskInFile, level: level, sample: sample,
        interval: sample.meanInterval(confidence: 0.95) ?? ofTestSet, isOfTestSet: ofTestSet != nil)
    }
  }

  private static func results(
    parsing bytes: [UInt8]
  ) throws(AccountingError) -> (results: [Study.Result], isInPercent: Bool) {
    let value: JSONValue
    do throws(JSONError) { value = try JSONParser(sizeLimit: Study.sizeLimit).parse(bytes) } catch {
      throw .json(error)
    }
    let document = AccountingNode(value: value, place: "")
    var scale = 100.0
    var list = document
    if case .object = value {
      let object = try document.object(allowing: ["results", "accuracy_in"])
      list = try object.required("results")
      switch try object.optional("accuracy_in")?.string() ?? "percent" {
      case "percent": scale = 100
      case "fraction": scale = 1
      case let found:
        throw .outOfRange(
          place: "accuracy_in", expected: "'percent' or 'fraction'",
          found: "'\(JSONWriter.escaped(found))'")
      }
    }
    var results: [Study.Result] = []
    for node in try list.array() {
      results.append(try Study.Result(node, scale: scale, needsMethod: false))
    }
    return (results, scale == 100)
  }
}
