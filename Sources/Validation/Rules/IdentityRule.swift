/// The root's attributes say what the file is.
///
/// A file without them is of another kind, unless it has a checkpoint's seal: opening tells the two apart.
enum IdentityRule: ValidationRule {
  static let summary = "The root's attributes say that the file is a unit checkpoint of layout 2.x."
}
