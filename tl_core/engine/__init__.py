"""The heavy half of the library: everything that needs Keras. Nothing outside this folder imports Keras or TensorFlow.

Other modules import from here inside functions, so that importing `tl_core` stays fast and the dashboard
never loads TensorFlow. Inside, `backend` is the one module that sets Keras up; import `keras` from it.
"""
