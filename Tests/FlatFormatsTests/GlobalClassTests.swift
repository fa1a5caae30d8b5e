import ByteFiles
import FlatFormats
import Pickle
import TestSupport
import Testing

@Suite("Classes of globals in pickles")
struct GlobalClassTests {
  /// Names, and the kind of remark on a pickle that has one; nil for names that rebuild tensors.
  private static let table: [(kind: FlatRemarkKind?, names: String)] = [
    (
      nil,
      """
      collections.OrderedDict torch._utils._rebuild_tensor_v2 torch.FloatStorage torch.float8_e4m3fn torch.Size
      torch.nn.parameter.Parameter torch.jit._pickle.build_intlist _codecs.encode builtins.set torch.device
      """
    ),
    (
      .dataGlobal,
      """
      numpy._core.multiarray.scalar numpy.core.multiarray._reconstruct numpy.dtype numpy.ndarray numpy.float64
      numpy.dtypes.Float64DType argparse.Namespace pathlib.PosixPath pathlib._local.PosixPath datetime.datetime
      decimal.Decimal collections.deque enum.IntEnum uuid.UUID re._compile builtins.slice builtins.ValueError
      types.SimpleNamespace copyreg._reconstructor numpy.random._pickle.__randomstate_ctor logging.getLogger
      """
    ),
    (
      .foreignGlobal,
      """
      my.trainer.Config __main__.Net torch.nn.modules.linear.Linear transformers.training_args.TrainingArguments
      omegaconf.dictconfig.DictConfig mycode.test.Model ours.os_tools.Thing numpy.linalg.norm torchao.Packed
      builtinsx.eval2 torch.distributed.checkpoint.metadata.Metadata torch.optim.lr_scheduler.StepLR
      """
    ),
    (
      .codeGlobal,
      """
      posix.system os.system nt.system subprocess.Popen builtins.eval builtins.exec builtins.getattr builtins.open
      builtins.__import__ builtins.compile __builtin__.apply builtins.map importlib.import_module runpy.run_path
      pty.spawn socket.create_connection pkgutil.resolve_name torch.utils.collect_env.run torch.hub.load torch.load
      operator.attrgetter operator.methodcaller _operator.attrgetter functools.partial pip.main webbrowser.open
      timeit.timeit cProfile.run code.InteractiveInterpreter pydoc.locate pickle.loads _pickle.loads marshal.loads
      ctypes.CDLL shutil.rmtree sys.exit types.CodeType types.FunctionType numpy.load numpy.testing._private.utils.runstring
      numpy.f2py.crackfortran.getlincoef torch.serialization.load torch._dynamo.guards.GuardBuilder.get
      torch.jit.unsupported_tensor_ops.execWrapper torch.fx.experimental.symbolic_shapes.ShapeEnv asyncio.run
      logging.FileHandler logging.config.dictConfig tempfile.mktemp io.FileIO _io.FileIO urllib.request.urlopen
      requests.get http.client.HTTPSConnection dill.loads cloudpickle.loads joblib.load yaml.unsafe_load
      pathlib.Path.write_text pathlib.open pandas.read_pickle sympy.sympify jinja2.Template bdb.Bdb.run venv.create
      distutils.spawn.spawn lib2to3.pgen2.grammar.Grammar.loads idlelib.pyshell.ModifiedInterpreter.runcode
      collections.OrderedDict.__init__.__globals__ numpy.dtype.__class__ my.trainer.Config.__reduce__
      torch.storage._load_from_bytes typing.ForwardRef._evaluate _xxsubinterpreters.run_string _testcapi.run_in_subinterp
      _interpreters.run_string argparse._sys.modules.get collections._sys.modules.get keras.models.load_model
      torch._utils._import_dotted_name numpy._core.multiarray.fromfile _private.anything
      my.utils.os.system my.utils.subprocess my.utils.check_output ours.tools.eval weakref.finalize
      """
    ),
  ]

  private static let rows = table.flatMap { row in
    row.names.split(whereSeparator: \.isWhitespace).map { (row.kind, String($0)) }
  }

  /// A pickle that names `module` and `name` with GLOBAL or STACK_GLOBAL, and calls the result.
  private static func pickle(_ module: String, _ name: String, stacked: Bool) -> [UInt8] {
    func text(_ text: String) -> [UInt8] { [0x8C, UInt8(text.utf8.count)] + Array(text.utf8) }
    let global = stacked ? text(module) + text(name) + [0x93] : Array("c\(module)\n\(name)\n".utf8)
    return [0x80, 4] + global + [0x29, 0x52, 0x2E]
  }

  static func kinds(_ bytes: [UInt8], as name: String = "x.pkl", in folder: TemporaryFolder) throws
    -> [FlatRemarkKind]
  {
    try PickleScan(ReadableFile(path: try folder.write(bytes, as: name))).remarks.map(\.kind)
  }

  @Test("are data, unknown, or able to run code, by either instruction")
  func classes() throws {
    #expect(Self.rows.count == 130)
    let folder = try TemporaryFolder()
    for (kind, path) in Self.rows {
      let parts = path.split(separator: ".").map(String.init)
      let (module, name) = (parts.dropLast().joined(separator: "."), parts.last ?? "")
      for stacked in [false, true] {
        let found = try Self.kinds(Self.pickle(module, name, stacked: stacked), in: folder)
        #expect(found == (kind.map { [$0] } ?? []), "\(path), stacked \(stacked)")
      }
    }
  }

  @Test("are able to run code wherever the name is divided between module and attributes")
  func divided() throws {
    let folder = try TemporaryFolder()
    var count = 0
    for (kind, path) in Self.rows where kind == .codeGlobal {
      let parts = path.split(separator: ".").map(String.init)
      for place in 1..<parts.count {
        let (module, name) = (parts[..<place].joined(separator: "."), parts[place...].joined(separator: "."))
        #expect(
          try Self.kinds(Self.pickle(module, name, stacked: true), in: folder) == [.codeGlobal],
          "\(module) \(name)")
        count += 1
      }
    }
    #expect(count == 135)
  }

  @Test("are able to run code when they are reached as attributes of anything")
  func reached() throws {
    let folder = try TemporaryFolder()
    let hosts = ["collections", "numpy", "torch.nn", "pathlib", "datetime", "my.module", "builtins"]
    let reached = [
      "os.system", "sys.modules.get", "subprocess.run", "x.importlib.import_module", "f.__globals__.get",
    ]
    for host in hosts {
      for name in reached {
        #expect(
          try Self.kinds(Self.pickle(host, name, stacked: true), in: folder) == [.codeGlobal],
          "\(host) \(name)")
      }
    }
    // An attribute of a name for data is not a name for data.
    for (kind, path) in Self.rows where kind == .dataGlobal || kind == nil {
      let parts = path.split(separator: ".").map(String.init)
      let found = try Self.kinds(
        Self.pickle(parts.dropLast().joined(separator: "."), (parts.last ?? "") + ".method", stacked: true),
        in: folder)
      #expect(found == [.foreignGlobal] || found == [.codeGlobal], "\(path): \(found)")
    }
  }

  @Test("do not matter where a pickle changes a class, calls a result, or gives an object a hook")
  func deeds() throws {
    let folder = try TemporaryFolder()
    let ordered = PickleGlobal("collections", "OrderedDict")
    func state(_ key: String) -> [UInt8] {
      pickled { $0.call(ordered) { _ in } }.dropLast() + [0x7D, 0x8C, UInt8(key.utf8.count)] + Array(key.utf8)
        + [0x4B, 1, 0x73, 0x62, 0x2E]
    }
    let global = pickled { $0.global(ordered) }.dropLast()
    let attacks: [[UInt8]] = [
      global + [0x7D, 0x62, 0x2E], global + [0x29, 0x52, 0x29, 0x52, 0x2E],
      state("__setstate__"), state("__class__"), state("__reduce_ex__"),
    ]
    for bytes in attacks { #expect(try Self.kinds(bytes, in: folder) == [.codeGlobal], "\(bytes)") }
    for bytes in [state("_metadata"), state("__dict__"), state("training"), global + [0x29, 0x52, 0x2E]] {
      #expect(try Self.kinds(bytes, in: folder) == [], "\(bytes)")
    }
  }
}
