//! The one place that names a concrete backend, chosen by cargo features: wgpu before flex before ndarray.

use burn::tensor::{DType, Tensor, TensorData, backend::Backend};
use burn_autodiff::Autodiff;

#[cfg(not(any(feature = "ndarray", feature = "flex", feature = "wgpu")))]
compile_error!("choose a backend: --features ndarray, --features flex or --features wgpu");

#[cfg(feature = "wgpu")]
mod chosen {
    pub type Inner = burn_wgpu::Wgpu;
    pub const NAME: &str = "wgpu";
    pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (backend wgpu)");
    /// A GPU works behind the host: reading a result waits for all work before it.
    pub const ASYNCHRONOUS: bool = true;
}
#[cfg(all(feature = "flex", not(feature = "wgpu")))]
mod chosen {
    pub type Inner = burn_flex::Flex;
    pub const NAME: &str = "flex";
    pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (backend flex)");
    pub const ASYNCHRONOUS: bool = false;
}
#[cfg(all(feature = "ndarray", not(any(feature = "flex", feature = "wgpu"))))]
mod chosen {
    pub type Inner = burn_ndarray::NdArray;
    pub const NAME: &str = "ndarray";
    pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (backend ndarray)");
    pub const ASYNCHRONOUS: bool = false;
}

/// The backend that predicts.
pub type Inner = chosen::Inner;
/// The backend that trains.
pub type Train = Autodiff<Inner>;
/// The device of both.
pub type Device = burn::tensor::Device<Inner>;
/// The feature's name.
pub const NAME: &str = chosen::NAME;
/// Version of this program, with its backend.
pub const VERSION: &str = chosen::VERSION;
/// Whether the device works behind the host, so that reading a result stalls it.
pub const ASYNCHRONOUS: bool = chosen::ASYNCHRONOUS;

/// The backend of numbers in double precision, on the processor.
#[cfg(feature = "ndarray")]
pub type Double = burn_ndarray::NdArray<f64>;
/// The backend of numbers in double precision, on the processor.
#[cfg(not(feature = "ndarray"))]
pub type Double = burn_flex::Flex;

/// A tensor in double precision, for [`Double`] and its autodiff.
///
/// # Shapes
///
/// - `values`: as many as `shape` has elements
///
/// # Panics
///
/// If there are not.
pub fn double<B: Backend, const D: usize>(values: Vec<f64>, shape: [usize; D]) -> Tensor<B, D> {
    if NAME == "ndarray" {
        // Burn 0.21 gives a device the precision of the backend that uses it first, for the whole process, and both
        // precisions of ndarray have one device.
        let _ = Tensor::<Inner, 1>::zeros([1], &Device::default());
    }
    Tensor::from_data(TensorData::new(values, shape), (&Default::default(), DType::F64))
}

/// The elements of a tensor on the host, in double precision.
pub fn doubles<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// Makes the calling thread one of those that compute, for the rest of the process; once, from the main thread.
///
/// Otherwise it would hand every matrix product to threads that have to be woken, and sleep until they are done: one
/// thread more than processors, and a tenth of a training step spent on waking.
pub fn compute_on_this_thread() {
    // An error says that there are such threads already, which is as well.
    let _ = rayon::ThreadPoolBuilder::new().use_current_thread().build_global();
}

/// The device, and what to call it in records.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The device.
    pub device: Device,
    /// Name of the adapter, or of the processor's role.
    pub description: String,
}

/// The default device of the backend.
///
/// # Errors
///
/// On wgpu, where no graphics adapter is found; says what was looked for and what to install or build instead.
#[cfg(feature = "wgpu")]
pub fn choose() -> anyhow::Result<Chosen> {
    // Burn panics when it finds no adapter. The same request beforehand turns that into an error.
    let (interface, backends) =
        if cfg!(target_os = "macos") { ("Metal", wgpu::Backends::METAL) } else { ("Vulkan", wgpu::Backends::VULKAN) };
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends,
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    let options =
        wgpu::RequestAdapterOptions { power_preference: wgpu::PowerPreference::HighPerformance, ..Default::default() };
    let adapter = pollster::block_on(instance.request_adapter(&options)).map_err(|_| {
        anyhow::anyhow!(
            "no graphics adapter found for {interface}: install a driver (on Debian `apt-get install \
             mesa-vulkan-drivers` for Mesa's GPUs and software rendering), or build with --features flex to train on \
             the processor"
        )
    })?;
    let info = adapter.get_info();
    Ok(Chosen {
        device: Device::default(),
        description: format!("{} ({:?}, {})", info.name, info.backend, info.driver_info),
    })
}

/// The default device of the backend.
///
/// # Errors
///
/// None on a processor.
#[cfg(not(feature = "wgpu"))]
pub fn choose() -> anyhow::Result<Chosen> {
    Ok(Chosen { device: Device::default(), description: "cpu".into() })
}

/// Threads that tensor operations may use.
pub fn threads() -> usize {
    let variable = if NAME == "ndarray" { "MATMUL_NUM_THREADS" } else { "RAYON_NUM_THREADS" };
    let configured = std::env::var(variable).ok().and_then(|text| text.parse().ok()).filter(|&threads| threads > 0);
    configured.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
}
