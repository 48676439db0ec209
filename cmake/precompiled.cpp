// Nothing: the targets of VigorPrecompiled.cmake need a source.
