//! The only module that names a concrete backend. It is chosen by cargo features; wgpu takes precedence over flex, and
//! flex over ndarray.

use burn_autodiff::Autodiff;
use burn_mlp_train::Placement;
use mlp_lab::Platform;

use crate::threads;

#[cfg(not(any(feature = "ndarray", feature = "flex", feature = "wgpu")))]
compile_error!("choose a backend: --features ndarray, --features flex or --features wgpu");

#[cfg(feature = "wgpu")]
mod chosen {
    pub type Inner = burn_wgpu::Wgpu;
    pub const NAME: &str = "wgpu";
    pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (backend wgpu)");
    pub const PLACEMENT: super::Placement = super::Placement::DEVICE;
}
#[cfg(all(feature = "flex", not(feature = "wgpu")))]
mod chosen {
    pub type Inner = burn_flex::Flex;
    pub const NAME: &str = "flex";
    pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (backend flex)");
    pub const PLACEMENT: super::Placement = super::Placement::HOST;
}
#[cfg(all(feature = "ndarray", not(any(feature = "flex", feature = "wgpu"))))]
mod chosen {
    pub type Inner = burn_ndarray::NdArray;
    pub const NAME: &str = "ndarray";
    pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (backend ndarray)");
    pub const PLACEMENT: super::Placement = super::Placement::HOST;
}

/// The backend for prediction.
pub type Inner = chosen::Inner;
/// The backend for training.
pub type Train = Autodiff<Inner>;
/// The device of both backends.
pub type Device = burn::tensor::Device<Inner>;
/// Name of the backend, which is also that of its feature.
pub const NAME: &str = chosen::NAME;
/// Version of this program, with its backend.
pub const VERSION: &str = chosen::VERSION;
/// How the device is used.
pub const PLACEMENT: Placement = chosen::PLACEMENT;

/// The backend for double precision, on the processor. Its parameter is only the precision of tensors that do not name
/// theirs: with the one that trains, nothing is compiled twice.
#[cfg(feature = "ndarray")]
type Double = burn_ndarray::NdArray;
/// The backend for double precision, on the processor.
#[cfg(not(feature = "ndarray"))]
type Double = burn_flex::Flex;

/// The backends that experiments run on.
pub struct ThisPlatform;

impl Platform for ThisPlatform {
    type Train = Train;
    type Double = Autodiff<Double>;
}

/// The device and its name in records.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The device.
    pub device: Device,
    /// Name of the graphics adapter, or `cpu`.
    pub description: String,
}

impl Chosen {
    /// A line that says what is computed where, and what a GPU makes wait for.
    pub fn introduction(&self) -> String {
        let line = format!("backend: {NAME} on {}, {} threads", self.description, threads::count());
        match PLACEMENT {
            Placement::DEVICE => line + "; the first epoch takes longer, because it compiles kernels",
            _ => line,
        }
    }
}

/// The default device of the backend.
///
/// # Errors
///
/// If no graphics adapter is found. The error says what was looked for, and what to install or build instead.
#[cfg(feature = "wgpu")]
pub fn choose() -> anyhow::Result<Chosen> {
    // Burn panics if it finds no adapter. Making the same request first turns that into an error.
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
/// Never fails on a processor.
#[cfg(not(feature = "wgpu"))]
pub fn choose() -> anyhow::Result<Chosen> {
    Ok(Chosen { device: Device::default(), description: "cpu".into() })
}

/// Name of the processor, if the system provides it, else its architecture; with the widest vectors that it computes with,
/// on which last digits depend.
pub fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':').map(|(_, name)| name));
    let name = name.map_or(std::env::consts::ARCH, str::trim);
    match vectors() {
        Some(vectors) => format!("{name}, {vectors}"),
        None => name.to_owned(),
    }
}

#[cfg(target_arch = "x86_64")]
fn vectors() -> Option<&'static str> {
    if is_x86_feature_detected!("avx512f") {
        Some("AVX-512")
    } else if is_x86_feature_detected!("avx2") {
        Some("AVX2")
    } else {
        None
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn vectors() -> Option<&'static str> {
    None
}
