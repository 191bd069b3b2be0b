__pyx_capi__: dict[str, object]  # C functions, for other compiled modules
