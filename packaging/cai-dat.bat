@echo off
rem cai-dat.bat [THU-MUC]   Installs, or upgrades, vanthu from the folder of this file, without a network.
rem An office's own folder is never touched. pip checks every wheel by the hashes of requirements.txt.
setlocal
chcp 65001 >nul
set "TARGET=%~f1"
if "%~1"=="" set "TARGET=%LOCALAPPDATA%\Programs\vanthu"
pushd "%~dp0"

set "PYTHON=py -@PYTHON@"
%PYTHON% -c "import sys" >nul 2>nul || set "PYTHON=python"
%PYTHON% -c "import sys; sys.exit('%%d.%%d' %% sys.version_info[:2] != '@PYTHON@' or sys.maxsize < 2**32)" >nul 2>nul || goto nopython

if exist "%TARGET%\pyvenv.cfg" goto install
if exist "%TARGET%" goto occupied
%PYTHON% -m venv "%TARGET%" || goto failed

:install
set "PIP_CONFIG_FILE=nul"
"%TARGET%\Scripts\python.exe" -m pip --isolated --quiet --disable-pip-version-check install --no-index --find-links . --require-hashes -r requirements.txt || goto failed
"%TARGET%\Scripts\vanthu.exe" --version || goto failed
echo Đã cài. Chạy: "%TARGET%\Scripts\vanthu.exe"
popd
exit /b 0

:nopython
echo Bộ cài này cần Python @PYTHON@ bản 64 bit, máy này không có.
popd
exit /b 1

:occupied
echo Thư mục "%TARGET%" đã có. Hãy chọn thư mục khác.
popd
exit /b 1

:failed
echo Chưa cài được. Nếu bộ cài bị hỏng, hãy chép lại rồi chạy lại.
popd
exit /b 1
