/// Modules and functions by which a pickle runs code, imports, reads attributes, or reaches files, processes and the
/// network. A path includes everything below it, except the names in `DataGlobals`.
///
/// The list is this project's own. It was compared with Python's module index, with the functions in public advisories
/// on pickle scanners, and with the hostile pickles of the tests.
enum CodeGlobals {
  static let paths = words(
    [interpreter, system, network, packaging, libraries, torch].joined(separator: "\n"))

  /// Functions that modules import from elsewhere. A pickle can reach them by the name of any module.
  static let anywhere = words(
    """
    system popen popen2 popen3 Popen check_call check_output getoutput getstatusoutput spawnl spawnv execl execv execve
    eval exec execfile getattr setattr __import__ import_module reload attrgetter methodcaller resolve_name
    run_path run_module run_code _run_code runcode runsource runstring urlopen urlretrieve rmtree CDLL PyDLL
    LoadLibrary load_library pipe_pager pipepager os sys subprocess builtins importlib runpy ctypes shutil socket
    _os _sys _io _imp _thread _socket _ctypes _pickle _subprocess run_string run_in_subinterp _evaluate
    _import_dotted_name _load_from_bytes _run_entry_point getattribute_from_module
    """)

  private static func words(_ text: String) -> Set<String> {
    Set(text.split(whereSeparator: \.isWhitespace).map(String.init))
  }

  private static let interpreter = """
    builtins __builtin__ sys importlib _frozen_importlib _frozen_importlib_external imp _imp zipimport pkgutil runpy
    modulefinder code codeop bdb pdb trace profile cProfile _lsprof pstats timeit doctest unittest test pydoc
    pydoc_data inspect ast dis opcode types new functools _functools operator _operator copyreg copy_reg weakref
    _weakref atexit gc sched contextlib contextvars _contextvars codecs _codecs pickle _pickle cPickle pickletools
    marshal shelve dbm _dbm _gdbm anydbm compiler symtable traceback warnings _warnings linecache cgitb rlcompleter
    readline idlelib turtledemo tkinter _tkinter Tkinter lib2to3 _pyrepl pyrepl
    faulthandler tracemalloc sre_parse.Tokenizer string.Formatter logging itertools.starmap itertools.accumulate itertools.imap itertools.ifilter
    concurrent threading _thread thread dummy_threading multiprocessing _multiprocessing asyncio _asyncio
    xmlrpc xml.dom.expatbuilder xml.sax.make_parser pyclbr typing.get_type_hints
    dataclasses.make_dataclass dataclasses._create_fn
    annotationlib typing.ForwardRef typing._eval_type typing.evaluate_forward_ref _xxsubinterpreters
    _xxinterpchannels _interpreters _interpchannels _interpqueues _testcapi _testinternalcapi _testlimitedcapi
    """

  private static let system = """
    os posix nt posixpath ntpath genericpath macpath os2 subprocess _posixsubprocess _winapi _subprocess commands
    popen2 pty tty pipes shutil tempfile fileinput filecmp glob pathlib io _io _pyio mmap ctypes _ctypes cffi
    _cffi_backend signal _signal resource fcntl termios select selectors syslog winreg _winreg msvcrt _msi msilib
    platform getpass crypt spwd grp pwd nis uuid sysconfig _sysconfigdata _osx_support _aix_support _ios_support
    _android_support site sitecustomize usercustomize zipfile zipapp tarfile gzip bz2 lzma zlib.decompressobj
    sqlite3 _sqlite3 curses _curses posixfile dl mailcap mailbox netrc
    """

  private static let network = """
    socket _socket ssl _ssl socketserver SocketServer http httplib urllib urllib2 urlparse ftplib smtplib smtpd
    telnetlib poplib imaplib nntplib xmlrpclib SimpleHTTPServer BaseHTTPServer wsgiref webbrowser antigravity
    asyncore asynchat cgi requests urllib3 httpx aiohttp pycurl websocket websockets twisted tornado gevent
    eventlet paramiko fabric boto boto3 botocore s3fs gcsfs fsspec smart_open google.cloud azure
    huggingface_hub.hf_hub_download huggingface_hub.snapshot_download dns scapy pyftpdlib grpc rpyc Pyro4
    """

  private static let packaging = """
    pip _distutils_hack ensurepip venv virtualenv distutils setuptools pkg_resources easy_install py_compile
    compileall pyximport Cython cython
    """

  private static let libraries = """
    dill _dill cloudpickle joblib jsonpickle yaml ruamel hickle klepto pytest _pytest py nose IPython ipykernel
    jupyter_client jupyter_core notebook execnet sh plumbum pexpect ptyprocess psutil ray dask distributed celery
    pyspark mpi4py numba llvmlite pycuda cupy.RawKernel cupy.RawModule triton jinja2 mako Cheetah flask django
    werkzeug tensorflow.python.framework.load_library tensorflow.load_library tensorflow.load_op_library
    tensorflow.io tensorflow.python.lib.io tensorflow.python.ops.io_ops tensorflow.python.ops.script_ops
    tensorflow.py_function tensorflow.numpy_function keras.layers.Lambda keras.utils.get_file
    pandas.read_pickle pandas.read_csv pandas.eval pandas.io pandas.core.computation pandas.core.frame.DataFrame.eval
    pandas.core.frame.DataFrame.query sympy.parsing sympy.core.sympify sympy.sympify sympy.lambdify
    sympy.utilities scipy.LowLevelCallable scipy.weave scipy.io scipy.datasets nltk.download nltk.data
    numexpr.evaluate transformers.dynamic_module_utils transformers.pipelines transformers.utils.hub
    numpy.testing numpy.f2py numpy.distutils numpy.load numpy.save numpy.savez numpy.savetxt numpy.loadtxt
    numpy.genfromtxt numpy.fromfile numpy.memmap numpy.DataSource numpy.vectorize numpy.fromfunction numpy.frompyfunc
    numpy.apply_along_axis numpy.apply_over_axes numpy.piecewise numpy.fromregex numpy.lib numpy.ctypeslib
    numpy.compat numpy.core.memmap numpy._core.memmap numpy.core.records.fromfile numpy.ndarray.tofile
    numpy.ndarray.dump numpy.core.multiarray.fromfile numpy._core.multiarray.fromfile keras.models keras.saving hydra pickle5
    invoke fire detectron2.config mmengine mmcv timm.models paddle.load omegaconf.OmegaConf.load
    keras.src tensorflow.keras.models mlflow networkx.readwrite networkx.read_gpickle numpy._pytesttester numpy.random._examples
    """

  private static let torch = """
    torch.distributed.checkpoint.load torch.distributed.checkpoint.state_dict_loader torch.cuda._lazy_call
    torch.nn.parallel.parallel_apply torch.storage._load_from_bytes torch._utils._import_dotted_name torch._C._load_for_lite_interpreter
    torch._C._load_mobile_module_from_file torch._C._load_mobile_module_from_bytes torch.load torch.save torch.hub torch.compile torch.serialization torch.package torch.jit torch.fx torch.ops
    torch._ops torch.classes torch._classes torch.library torch._library torch._dynamo torch._inductor torch._export
    torch.export torch._higher_order_ops torch._lobpcg torch.onnx torch.testing torch.multiprocessing torch._appdirs
    torch.distributed.rpc torch.distributed.elastic torch.distributed.run torch.distributed.launch
    torch.distributed.launcher torch.distributed.nn.jit torch._utils_internal
    torch._vendor torch._sources torch._weights_only_unpickler torch.utils.collect_env torch.utils.bottleneck
    torch.utils.cpp_extension torch.utils._cpp_extension_versioner torch.utils.model_zoo torch.utils.file_baton
    torch.utils.data.datapipes torch.utils.data.graph torch.utils._config_module torch.utils.benchmark
    torch.utils.hipify torch.utils._python_dispatch torch.utils.model_dump torch.utils.bundled_inputs
    torch.utils._content_store torch.utils._triton torch.utils.checkpoint torch.utils.tensorboard
    torch.utils.data._utils.collate torch.nn.utils.parametrize.type_before_parametrizations
    torch._C.import_ir_module torch._C.PyTorchFileReader torch._C.PyTorchFileWriter torch.autograd.profiler
    torch.profiler torch._streambase torch.tensor.fromfile torch.from_file torch.UntypedStorage.from_file
    torchvision.datasets torchvision.io torchaudio.load torchtext.datasets
    """
}
