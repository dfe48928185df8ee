//! A dropout layer as a Burn module: without parameters, with its position in the record.

use burn::module::{
    AutodiffModule, Content, Devices, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor,
};
use burn::tensor::backend::{AutodiffBackend, Backend};

use super::{Dropout, DropoutPosition};

impl<B: Backend> ModuleDisplay for Dropout<B> {}

impl<B: Backend> ModuleDisplayDefault for Dropout<B> {
    fn content(&self, content: Content) -> Option<Content> {
        content.add_single(&alloc::format!("{self}")).optional()
    }
}

impl<B: Backend> Module<B> for Dropout<B> {
    type Record = DropoutPosition;

    fn collect_devices(&self, devices: Devices<B>) -> Devices<B> {
        devices
    }

    fn fork(self, _device: &B::Device) -> Self {
        self
    }

    fn to_device(self, _device: &B::Device) -> Self {
        self
    }

    fn visit<V: ModuleVisitor<B>>(&self, _visitor: &mut V) {}

    fn map<M: ModuleMapper<B>>(self, _mapper: &mut M) -> Self {
        self
    }

    fn load_record(self, record: DropoutPosition) -> Self {
        self.set_position(record);
        self
    }

    fn into_record(self) -> DropoutPosition {
        self.position()
    }
}

impl<B: AutodiffBackend> AutodiffModule<B> for Dropout<B> {
    type InnerModule = Dropout<B::InnerBackend>;

    fn valid(&self) -> Self::InnerModule {
        self.clone().on()
    }

    fn from_inner(module: Self::InnerModule) -> Self {
        module.on()
    }
}
