/// What is to be done with a defect of the index: stop at it, or write it down and go on with the next row.
///
/// A reader stops, because nothing of a broken index can be believed. A validator wants to know of every defect, and
/// never uses an index that has one.
struct DefectLog {
  private(set) var errors: [CheckpointError] = []
  private let goesOn: Bool

  /// A file that is broken in more ways than this is not worth the rest of the list.
  static let limit = 100

  /// - Parameter goesOn: false to throw the first defect.
  init(goesOn: Bool) { self.goesOn = goesOn }

  /// Writes a defect down, unless it stands there already, or throws it.
  mutating func note(_ error: CheckpointError) throws(CheckpointError) {
    guard goesOn, errors.count < Self.limit else { throw error }
    end(error)
  }

  /// Writes down what ended an attempt, unless it stands there already.
  mutating func end(_ error: CheckpointError) {
    if !errors.contains(error) { errors.append(error) }
  }
}
